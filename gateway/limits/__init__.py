"""Request limits: rate limits by class and client, and limits of concurrent requests."""

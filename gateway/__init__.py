"""The public HTTP API: authenticates and limits requests, and relays them to the services."""

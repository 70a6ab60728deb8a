"""Changes of webhooks, which the gateway announces here before notification_service makes them."""

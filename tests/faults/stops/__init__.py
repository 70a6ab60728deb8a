"""Stops of notification_service by SIGTERM under a stream of events: each mail and webhook is sent once."""

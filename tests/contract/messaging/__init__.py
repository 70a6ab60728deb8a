"""Contract tests of the message broker, for every adapter."""

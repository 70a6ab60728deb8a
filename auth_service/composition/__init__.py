"""Construction of all services."""

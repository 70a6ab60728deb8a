"""The account service on a real PostgreSQL."""

"""Backup and restore of every store: PostgreSQL, MongoDB with GridFS, and the deployment's secrets."""

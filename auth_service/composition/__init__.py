"""Composition: construction of the services, and the background tasks of the process."""

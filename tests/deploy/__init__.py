"""Deployment files compared with the code."""

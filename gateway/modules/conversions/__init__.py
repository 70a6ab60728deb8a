"""Uploads in one request, conversions, their audio and their events."""

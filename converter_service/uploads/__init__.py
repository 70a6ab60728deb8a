"""Uploads of a whole video in one request: raw bodies and multipart forms."""

"""Envelopes, trails and handlers, without a broker."""

"""Videos that come in several requests."""

"""Downloads of finished audio: byte ranges, conditional requests, signed links."""

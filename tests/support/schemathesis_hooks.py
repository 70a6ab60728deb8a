"""Schemathesis hooks: the media type of tus chunks is binary."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

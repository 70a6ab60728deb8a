"""The key of the result cache: the same video with the same options gives the same audio."""

import hashlib
import json
from collections.abc import Mapping

# To be incremented when the encoder's output changes for the same video and options.
ENCODING = 3


def cache_key_of(source_sha256: str, options: Mapping[str, str | int | float]) -> str:
    """SHA-256 in hex over encoder version, digest of the video and options, without the file name."""
    parts = [ENCODING, source_sha256, sorted(options.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

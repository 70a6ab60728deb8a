"""What decides an audio: the video's bytes, the options, and the way of encoding."""

import hashlib
import json
from collections.abc import Mapping

# Raise it when the same video with the same options gives another audio than before.
ENCODING = 1


def cache_key(source_sha256: str, options: Mapping[str, str | int | float]) -> str:
    """In hex; the same for what gives the same audio. The file's name has no part in it."""
    decides = [ENCODING, source_sha256, sorted(options.items())]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()

"""The conversions of a person, and videos of any size."""

import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.client import Person


def padded(video: Path, size: int, seed: int = 1) -> bytes:
    """An MP4 that is made large by a box of random bytes, which readers skip (ISO/IEC 14496-12 §8.1.2)."""
    return video.read_bytes() + struct.pack(">I4s", size + 8, b"free") + random.Random(seed).randbytes(size)


async def conversions_of(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (
        (await person.get("/v1/conversions?limit=100")).raise_for_status().json()["items"]
    )
    return items


async def audio_of(person: Person, conversions: Sequence[dict[str, Any]]) -> list[bytes]:
    return [(await person.audio(each["id"])).raise_for_status().content for each in conversions]

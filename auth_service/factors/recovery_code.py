"""Recovery codes: 120 random bits each, stored as hashes, for one use.

With 112 bits or more a fast hash suffices (ASVS 5.0 §6.5.2), and no throttling is needed against guesses.
"""

import base64
import hashlib
import secrets
from uuid import UUID

COUNT = 10
RANDOM_BYTES, CHARACTERS, GROUP = 15, 24, 4
# Characters that are not in the alphabet of base32, but easily taken for one that is.
ALIKE = str.maketrans("018", "OIB")


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes such as `abcd-efgh-ijkl-mnop-qrst-uvwx`."""
    return tuple(_written(secrets.token_bytes(RANDOM_BYTES)) for _ in range(COUNT))


def parse_recovery_code(text: str) -> str | None:
    """The canonical form of a code, in any case, with or without hyphens and blanks; None if it is none."""
    canonical = "".join(text.replace("-", "").split()).upper().translate(ALIKE)
    try:
        base64.b32decode(canonical)
    except ValueError:
        return None
    return canonical if len(canonical) == CHARACTERS else None


def fingerprint(canonical: str, user_id: UUID) -> bytes:
    """The SHA-256 to store and look up."""
    return hashlib.sha256(f"recovery code\n{user_id}\n{canonical}".encode()).digest()


def _written(random: bytes) -> str:
    text = base64.b32encode(random).decode().lower()
    return "-".join(text[start : start + GROUP] for start in range(0, CHARACTERS, GROUP))

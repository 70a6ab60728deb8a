"""The public keys of access tokens."""

from typing import Any

import msgspec


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]

"""Signed download links: they give access to one audio without a token until they expire.

The lifetime of the links in mails is set in `conversions/events.py`, from `link_ttl` in `settings.py`.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime

from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.settings import Secret


class SignedLinks:
    """Creates and verifies links; the signature is HMAC-SHA256 over version, conversion id and expiry."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def sign(self, conversion_id: str, expires_at: datetime) -> str:
        """Path and query of the link, relative to the public URL."""
        expires = int(expires_at.timestamp())
        signature = self._signature(conversion_id, expires)
        return f"{audio_path(conversion_id)}?expires={expires}&signature={signature}"

    def check(self, conversion_id: str, expires: str, signature: str, now: datetime) -> datetime:
        """Returns the expiry. Raises Unauthenticated for a wrong signature, LinkExpired after the expiry."""
        if not re.fullmatch(r"\d{1,11}", expires):
            raise Unauthenticated("This link is not valid.")
        wanted = self._signature(conversion_id, int(expires))
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise Unauthenticated("This link is not valid.")
        until = datetime.fromtimestamp(int(expires), UTC)
        if until <= now:
            raise LinkExpired
        return until

    def _signature(self, conversion_id: str, expires: int) -> str:
        message = f"v1\n{conversion_id}\n{expires}".encode()
        digest = hmac.new(self._key.reveal().encode(), message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def audio_path(conversion_id: str) -> str:
    """Path of a conversion's audio, relative to the public URL."""
    return f"/v1/conversions/{conversion_id}/audio"

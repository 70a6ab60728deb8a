"""Signed links: a path that gives one audio without a token until it expires. Pure."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime

from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.settings import Secret


class SignedLinks:
    """HMAC-SHA256 over version, conversion and expiry: a link fits one conversion and cannot be prolonged."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def sign(self, conversion_id: str, expires_at: datetime) -> str:
        """The path with its signature, relative to the public address."""
        expires = int(expires_at.timestamp())
        signature = self._signature(conversion_id, expires)
        return f"{audio_path(conversion_id)}?expires={expires}&signature={signature}"

    def check(self, conversion_id: str, expires: str, signature: str, now: datetime) -> datetime:
        """When it expires. Raises Unauthenticated for what `sign` did not give, LinkExpired after it."""
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
    """Where the audio of a conversion is, relative to the public address."""
    return f"/v1/conversions/{conversion_id}/audio"

"""Signatures of download links, which give access to one audio without a token until they expire.

The converter's api checks them. notification_service signs those of mails and webhooks; the worker, which
opens untrusted videos, has no key.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from shared.contracts.events import ConversionCompleted
from shared.settings import Secret

SERIES = "series"
"""Query parameter of links: how often links had been ended when it was made; absent for 0."""


class LinkSigner:
    """Creates links; the signature is HMAC-SHA256 over version, conversion id, expiry and `links_ended`.

    `links_ended` counts how often the owner has ended the links of the conversion: those that were made
    before are not valid any more. The link carries it, so that its signature is checked without a look-up.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key

    def sign(self, conversion_id: str, expires_at: datetime, links_ended: int = 0) -> str:
        """Path and query of the link, relative to the public URL."""
        expires = int(expires_at.timestamp())
        signature = self.signature(conversion_id, expires, links_ended)
        series = f"&{SERIES}={links_ended}" if links_ended else ""
        return f"{audio_path(conversion_id)}?expires={expires}&signature={signature}{series}"

    def link_of(self, event: ConversionCompleted) -> str:
        """As `sign`; events of earlier versions bring their link."""
        return event.audio_path or self.sign(event.conversion_id, event.link_expires_at, event.links_ended)

    def signature(self, conversion_id: str, expires: int, links_ended: int = 0) -> str:
        message = f"v1\n{conversion_id}\n{expires}"
        if links_ended:
            message = f"v2\n{conversion_id}\n{expires}\n{links_ended}"
        return self.digest(message)

    def digest(self, message: str) -> str:
        digest = hmac.new(self._key.reveal().encode(), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def audio_path(conversion_id: str) -> str:
    """Path of a conversion's audio, relative to the public URL."""
    return f"/v1/conversions/{conversion_id}/audio"

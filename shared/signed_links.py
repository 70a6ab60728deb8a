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

    def __init__(self, keys: Secret) -> None:
        """`keys`: the first signs, `signatures` has those of all of them."""
        self._keys = [key.reveal().encode() for key in keys.split()]

    def sign(self, conversion_id: str, expires_at: datetime, links_ended: int = 0) -> str:
        """Path and query of the link, relative to the public URL."""
        expires = int(expires_at.timestamp())
        signature = self.signatures(conversion_id, expires, links_ended)[0]
        series = f"&{SERIES}={links_ended}" if links_ended else ""
        return f"{audio_path(conversion_id)}?expires={expires}&signature={signature}{series}"

    def link_of(self, event: ConversionCompleted) -> str:
        """As `sign`; events of earlier versions bring their link."""
        return event.audio_path or self.sign(event.conversion_id, event.link_expires_at, event.links_ended)

    def signatures(self, conversion_id: str, expires: int, links_ended: int = 0) -> list[str]:
        """The signature by each key."""
        message = f"v1\n{conversion_id}\n{expires}"
        if links_ended:
            message = f"v2\n{conversion_id}\n{expires}\n{links_ended}"
        return self.digests(message)

    def digests(self, message: str) -> list[str]:
        digests = [hmac.digest(key, message.encode(), hashlib.sha256) for key in self._keys]
        return [base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]


def audio_path(conversion_id: str) -> str:
    """Path of a conversion's audio, relative to the public URL."""
    return f"/v1/conversions/{conversion_id}/audio"

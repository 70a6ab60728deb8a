"""Signed download links: they give access to one audio without a token until they expire.

The lifetime of the links in mails is set in `conversions/events.py`, from `link_ttl` in `settings.py`.
"""

import hmac
import re
from datetime import UTC, datetime

from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.signed_links import LinkSigner


class SignedLinks(LinkSigner):
    """Creates and verifies links."""

    def check(
        self, conversion_id: str, expires: str, signature: str, now: datetime, links_ended: int = 0
    ) -> datetime:
        """Returns the expiry. Raises Unauthenticated for a wrong signature, which that of a link is that its
        owner has ended, and LinkExpired after the expiry.
        """
        if not re.fullmatch(r"\d{1,11}", expires):
            raise Unauthenticated("This link is not valid.")
        wanted = self.signature(conversion_id, int(expires), links_ended)
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise Unauthenticated("This link is not valid.")
        until = datetime.fromtimestamp(int(expires), UTC)
        if until <= now:
            raise LinkExpired
        return until

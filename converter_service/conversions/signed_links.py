"""Signed download links: they give access to one audio without a token until they expire.

The lifetime of the links in mails is set in `conversions/events.py`, from `link_ttl` in `settings.py`.
"""

import hmac
import re
from datetime import UTC, datetime

from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.signed_links import LinkSigner

INVALID = "This link is not valid."


class SignedLinks(LinkSigner):
    """Creates and verifies links."""

    def check(
        self, conversion_id: str, expires: str, signature: str, now: datetime, series: str | None = None
    ) -> int:
        """Returns how often links had been ended when this one was made. Raises Unauthenticated for a wrong
        signature, and LinkExpired after the expiry.
        """
        if not re.fullmatch(r"\d{1,11}", expires) or not re.fullmatch(r"\d{1,9}", series or "0"):
            raise Unauthenticated(INVALID)
        accepted = self.signatures(conversion_id, int(expires), int(series or "0"))
        given = signature.encode(errors="replace")
        if not sum(hmac.compare_digest(each.encode(), given) for each in accepted):
            raise Unauthenticated(INVALID)
        until = datetime.fromtimestamp(int(expires), UTC)
        if until <= now:
            raise LinkExpired
        return int(series or "0")

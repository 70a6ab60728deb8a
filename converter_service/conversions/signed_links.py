"""Signed download links: they give access to one audio without a token until they expire.

The lifetime of the links in mails is set in `conversions/events.py`, from `link_ttl` in `settings.py`.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.signed_links import SERIES, LinkSigner

INVALID = "This link is not valid."
ARCHIVE_PATH = "/v1/conversions/archive"


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
        _check(accepted, signature, int(expires), now)
        return int(series or "0")

    def sign_archive(self, ids: Sequence[str], expires_at: datetime, links_ended: Sequence[int]) -> str:
        """Path and query of a link to an archive, relative to the public URL."""
        expires, series = int(expires_at.timestamp()), ".".join(map(str, links_ended))
        signature = self.archive_signatures(ids, expires, series)[0]
        named = f"ids={','.join(ids)}&expires={expires}&signature={signature}&{SERIES}={series}"
        return f"{ARCHIVE_PATH}?{named}"

    def check_archive(
        self, ids: Sequence[str], expires: str, signature: str, now: datetime, series: str | None
    ) -> Sequence[int]:
        """Returns how often the links of each conversion had been ended. Raises Unauthenticated and
        LinkExpired, as `check` does.
        """
        if not re.fullmatch(r"\d{1,11}", expires) or not re.fullmatch(r"\d{1,9}(\.\d{1,9})*", series or ""):
            raise Unauthenticated(INVALID)
        _check(self.archive_signatures(ids, int(expires), series or ""), signature, int(expires), now)
        return [int(each) for each in (series or "").split(".")]

    def archive_signatures(self, ids: Sequence[str], expires: int, series: str) -> Sequence[str]:
        """The signature by each key. Ids have no line breaks; other links begin with another line."""
        return self.digests("\n".join(("archive", ",".join(ids), str(expires), series)))


def _check(accepted: Sequence[str], signature: str, expires: int, now: datetime) -> None:
    given = signature.encode(errors="replace")
    if not sum(hmac.compare_digest(each.encode(), given) for each in accepted):
        raise Unauthenticated(INVALID)
    if datetime.fromtimestamp(expires, UTC) <= now:
        raise LinkExpired

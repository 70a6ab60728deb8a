"""The cookie that holds the refresh token of a session of the page."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from litestar.datastructures import Cookie

VALUE: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")
# That of the session at auth_service, which decides: a cookie that lasts longer only leads to a 401.
LIFETIME: Final = timedelta(days=30)


class SessionCookie:
    """HttpOnly: no script reads it. SameSite=Strict: no other site's page causes it to be sent. With HTTPS it
    is Secure and has the prefix `__Host-`, so that sibling hosts cannot set it (RFC 6265bis §4.1.3.2).
    """

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.lower().startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self.name = f"{prefix}tonegate-session"
        self._turn = f"{prefix}tonegate-turn"

    def read(self, cookies: Mapping[str, str]) -> str | None:
        value = cookies.get(self.name, "")
        return value if VALUE.fullmatch(value) else None

    def make(self, refresh_token: str) -> list[Cookie]:
        """The cookie, and one with a random value that scripts may read, by which a page that was reloaded
        during a refresh sees that the response has come.
        """
        turn = self._cookie(self._turn, secrets.token_urlsafe(9), LIFETIME)
        turn.httponly = False
        return [self._cookie(self.name, refresh_token, LIFETIME), turn]

    def clear(self) -> list[Cookie]:
        return [self._cookie(name, "", timedelta(0)) for name in (self.name, self._turn)]

    def _cookie(self, name: str, value: str, lifetime: timedelta) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            path="/",
            max_age=int(lifetime.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

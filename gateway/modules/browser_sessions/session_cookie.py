"""The cookie that holds the refresh token of a session of the page."""

import re
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
        self.name = "__Host-tonegate-session" if self._secure else "tonegate-session"

    def read(self, cookies: Mapping[str, str]) -> str | None:
        value = cookies.get(self.name, "")
        return value if VALUE.fullmatch(value) else None

    def make(self, refresh_token: str) -> Cookie:
        return self._cookie(refresh_token, LIFETIME)

    def clear(self) -> Cookie:
        return self._cookie("", timedelta(0))

    def _cookie(self, value: str, lifetime: timedelta) -> Cookie:
        return Cookie(
            key=self.name,
            value=value,
            path="/",
            max_age=int(lifetime.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

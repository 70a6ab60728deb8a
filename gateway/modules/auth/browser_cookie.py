"""The cookie that binds a sign-in with a provider to the browser that began it."""

import re
from collections.abc import Mapping
from datetime import timedelta

from litestar.datastructures import Cookie

VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserCookie:
    """Against login CSRF (RFC 6749 §10.12, RFC 9700 §4.7, ASVS 5.0 §10.1.2): whoever sends somebody else a
    link to the callback cannot send the cookie that belongs to it.

    HttpOnly and SameSite=Lax: it comes along when the provider sends the browser back, and with nothing that
    another site embeds or posts. With HTTPS it is Secure and has the prefix that keeps sibling hosts from
    planting one (RFC 6265bis §4.1.3.2). It lives as long as a sign-in may take, and says nothing of anybody.
    """

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https://")
        self.name = "__Host-tonegate-sign-in" if self._secure else "tonegate-sign-in"

    def read(self, cookies: Mapping[str, str]) -> str | None:
        value = cookies.get(self.name, "")
        return value if VALUE.fullmatch(value) else None

    def make(self, value: str, lifetime: timedelta) -> Cookie:
        return Cookie(
            key=self.name,
            value=value,
            path="/",
            max_age=int(lifetime.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

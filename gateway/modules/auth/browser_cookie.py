"""The cookie that binds a login with a provider to the browser that started it."""

import re
from collections.abc import Mapping
from datetime import timedelta

from litestar.datastructures import Cookie

VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserCookie:
    """Protects from login CSRF (RFC 6749 §10.12, RFC 9700 §4.7, ASVS 5.0 §10.1.2): an attacker who sends a
    victim a link to the callback cannot send the cookie as well.

    HttpOnly and SameSite=Lax: sent when the provider redirects the browser back, and not with requests that
    another site embeds or posts. With HTTPS it is Secure and has the `__Host-` prefix, so that sibling hosts
    cannot set it (RFC 6265bis §4.1.3.2). It expires with the login and holds no personal data.
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

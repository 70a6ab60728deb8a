"""Address of the mail server, parsed from an SMTP URL."""

import re
import types
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from shared.settings import Secret

Tls = Literal["auto", "required", "never", "implicit"]
# Values of `starttls` by URL scheme; the first is the default.
STARTTLS = types.MappingProxyType({"smtp": ("auto", "required", "never"), "smtps": ("implicit",)})
HELO = re.compile(r"[A-Za-z0-9.:\[\]-]*")
FORM = "smtp://[user:password@]host[:port][?starttls=auto|required|never][&helo=name] or smtps://…"


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server, read from a URL of one of these forms:

    smtp://[user:password@]host[:port][?starttls=auto|required|never][&helo=name]   port 25, with a login 587
    smtps://[user:password@]host[:port][?helo=name]              port 465, TLS from the first byte (RFC 8314)

    `auto`, the default, uses STARTTLS if the server offers it and accepts any certificate (opportunistic
    security, RFC 7435). With a login, `auto` means `required`: the certificate is verified, and nothing is
    sent without TLS. `helo` is the name in EHLO, by default the name of the machine.
    """

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: Secret = Secret("")
    helo: str = ""

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Raises ValueError; its message contains no part of the URL, which may hold a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its message quotes the password, or a part of one that contains / or #
            raise ValueError(f"no usable port; it should look like {FORM}") from None
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(f"not an SMTP address; it should look like {FORM}")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        starttls = query.pop("starttls", STARTTLS[parts.scheme][0])
        helo = query.pop("helo", "")
        if query or starttls not in STARTTLS[parts.scheme] or not HELO.fullmatch(helo):
            raise ValueError(f"unknown option; it should look like {FORM}")
        user = unquote(parts.username or "")
        return cls(
            host=parts.hostname,
            port=port or (465 if parts.scheme == "smtps" else 587 if user else 25),
            tls="required" if starttls == "auto" and user else msgspec.convert(starttls, Tls),
            user=user,
            password=Secret(unquote(parts.password or "")),
            helo=helo,
        )

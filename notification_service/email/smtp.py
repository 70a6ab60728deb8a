"""Mail over SMTP (RFC 5321), with TLS and a login as the URL asks. Only this file knows aiosmtplib."""

import asyncio
import contextlib
import re
import socket
import ssl
import types
from datetime import timedelta
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import aiosmtplib
import msgspec

from notification_service.email.message import Mail
from notification_service.email.ports import Refused, TryLater
from shared.settings import Secret

Tls = Literal["auto", "required", "never", "implicit"]
# What `starttls` may say, by scheme; the first is the default.
STARTTLS = types.MappingProxyType({"smtp": ("auto", "required", "never"), "smtps": ("implicit",)})
HELO = re.compile(r"[A-Za-z0-9.:\[\]-]*")
QUIT_TIMEOUT = timedelta(seconds=2)
# Less than a probe may take.
PING_TIMEOUT = timedelta(seconds=2)
FORM = "smtp://[user:password@]host[:port][?starttls=auto|required|never][&helo=name] or smtps://…"
# Answers to DATA that say 5xx but mean the way there, not the mail: 521 no mail here, 530 authentication
# required, 535 credentials, 538 encryption required.
OUR_TROUBLE = frozenset({502, 503, 521, 530, 534, 535, 538})


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes, read from a URL of one of these forms:

    smtp://[user:password@]host[:port][?starttls=auto|required|never][&helo=name]   port 25, with a login 587
    smtps://[user:password@]host[:port][?helo=name]              port 465, TLS from the first byte (RFC 8314)

    `auto`, the default, encrypts when the server offers it and then takes any certificate, as mail servers do
    between each other (RFC 7435): a listener learns nothing, and no mail waits for a better certificate. With
    a login, `auto` means `required`: the certificate is verified, and without TLS nothing is sent. `helo` is
    the name given to the server, the machine's own unless it is set.
    """

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: Secret = Secret("")
    helo: str = ""

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Raises ValueError, without any part of the URL in it: it may hold a password."""
        parts = urlsplit(url)
        port = _port(parts)
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
            tls=_tls(msgspec.convert(starttls, Tls), with_login=bool(user)),
            user=user,
            password=Secret(unquote(parts.password or "")),
            helo=helo,
        )


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:  # its message quotes what stands there: a piece of a password with a / or # in it
        raise ValueError(f"no usable port; it should look like {FORM}") from None


def _tls(starttls: Tls, *, with_login: bool) -> Tls:
    return "required" if starttls == "auto" and with_login else starttls


class SmtpMailer:
    """A Mailer that opens one connection a mail. `timeout` bounds it until the mail is taken."""

    def __init__(self, server: SmtpServer, timeout: timedelta) -> None:
        self._server = server
        self._timeout = timeout
        self._tls = _tls_context(verify=server.tls != "auto")

    async def send(self, mail: Mail) -> None:
        smtp = self._client()
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                await smtp.connect()
                await smtp.sendmail(
                    mail.sender,
                    [mail.recipient],
                    mail.content,
                    mail_options=["SMTPUTF8", "BODY=8BITMIME"] if mail.utf8 else None,
                )
            # The mail is taken. Whatever goes wrong now, it must not be sent again.
            await _leave(smtp)
        except aiosmtplib.SMTPException as trouble:
            raise _meaning(trouble) from trouble
        except (OSError, TimeoutError) as trouble:
            raise TryLater(f"{type(trouble).__name__} while sending") from trouble
        finally:
            smtp.close()

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(PING_TIMEOUT.total_seconds()):
                await self._greeted()
        except (OSError, TimeoutError, ValueError) as trouble:
            raise TryLater(f"no connection: {type(trouble).__name__}") from trouble

    async def _greeted(self) -> None:
        """The kernel takes connections also for a server that stands still, so its greeting is waited for
        (RFC 5321 §3.1), all lines of it (§4.2.1): one that hears QUIT earlier takes us for a spammer.
        """
        tls = self._tls if self._server.tls == "implicit" else None
        reader, writer = await asyncio.open_connection(self._server.host, self._server.port, ssl=tls)
        try:
            while (line := await reader.readline()).startswith(b"220-"):
                pass
            if not line.startswith(b"220"):
                raise ConnectionError("not a greeting")
            writer.write(b"QUIT\r\n")
        finally:
            writer.close()

    def _client(self) -> aiosmtplib.SMTP:
        """Encrypts and signs in when it connects."""
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password.reveal() if server.user else None,
            local_hostname=server.helo or socket.gethostname(),
            timeout=self._timeout.total_seconds(),
            use_tls=server.tls == "implicit",
            start_tls={"auto": None, "required": True}.get(server.tls, False),
            tls_context=self._tls,
        )


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(QUIT_TIMEOUT.total_seconds()):
            await smtp.quit()


def _tls_context(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _meaning(trouble: aiosmtplib.SMTPException) -> Refused | TryLater:
    """Refused only when the server said that it never takes this recipient or content (RFC 5321 §4.2.1).

    Trouble with the connection, TLS, the login or our own sender address is the operators' to mend, and until
    they have, the mail waits.
    """
    if isinstance(trouble, aiosmtplib.SMTPRecipientsRefused):
        return _verdict(trouble.recipients[0])
    if isinstance(trouble, aiosmtplib.SMTPDataError):
        return _verdict(trouble)
    if isinstance(trouble, aiosmtplib.SMTPNotSupported):
        return Refused("the server takes no international addresses")
    if isinstance(trouble, aiosmtplib.SMTPResponseException):
        return TryLater(_answer(trouble))
    return TryLater(type(trouble).__name__)


def _verdict(answer: aiosmtplib.SMTPResponseException) -> Refused | TryLater:
    permanent = 500 <= answer.code < 600 and answer.code not in OUR_TROUBLE
    return Refused(_answer(answer)) if permanent else TryLater(_answer(answer))


def _answer(answer: aiosmtplib.SMTPResponseException) -> str:
    """The server's words, as far as they are worth keeping."""
    return f"{answer.code} {answer.message}"[:300]

"""Mailer over SMTP (RFC 5321) with aiosmtplib, with TLS and a login as the URL says."""

import asyncio
import contextlib
import socket
import ssl
from datetime import timedelta

import aiosmtplib

from notification_service.email.errors import PermanentFailure, TransientFailure
from notification_service.email.message import Mail
from notification_service.email.smtp_server import SmtpServer

QUIT_TIMEOUT = timedelta(seconds=2)
# Below the timeout of a readiness probe.
PING_TIMEOUT = timedelta(seconds=2)
# 5xx replies to DATA that concern the connection, not the message: 521 host does not accept mail,
# 530 authentication required, 535 credentials invalid, 538 encryption required.
CONNECTION_REPLIES = frozenset({502, 503, 521, 530, 534, 535, 538})


class SmtpMailer:
    """A Mailer that opens one connection per email. `timeout` covers everything up to acceptance."""

    def __init__(self, server: SmtpServer, timeout: timedelta) -> None:
        self._server = server
        self._timeout = timeout
        self._tls = ssl.create_default_context()
        if server.tls == "auto":
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

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
            # The server has accepted the email. An error from here on must not cause a second send.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(QUIT_TIMEOUT.total_seconds()):
                    await smtp.quit()
        except aiosmtplib.SMTPException as error:
            raise _classify(error) from error
        except (OSError, TimeoutError) as error:
            raise TransientFailure(f"{type(error).__name__} while sending") from error
        finally:
            smtp.close()

    async def ping(self) -> None:
        """Connects and reads the greeting of the server (RFC 5321 §3.1), all its lines (§4.2.1), then quits.

        The kernel accepts connections even if the server process hangs, so connecting proves nothing. A QUIT
        before the end of the greeting is treated as spam by some servers.
        """
        tls = self._tls if self._server.tls == "implicit" else None
        try:
            async with asyncio.timeout(PING_TIMEOUT.total_seconds()):
                reader, writer = await asyncio.open_connection(self._server.host, self._server.port, ssl=tls)
                with contextlib.closing(writer):
                    while (line := await reader.readline()).startswith(b"220-"):
                        pass
                    if not line.startswith(b"220"):
                        raise ConnectionError("not a greeting")
                    writer.write(b"QUIT\r\n")
        except (OSError, TimeoutError, ValueError) as error:
            raise TransientFailure(f"no connection: {type(error).__name__}") from error

    def _client(self) -> aiosmtplib.SMTP:
        """Returns a client that starts TLS and logs in when it connects."""
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


def _classify(error: aiosmtplib.SMTPException) -> PermanentFailure | TransientFailure:
    """Returns PermanentFailure only if the server refused this recipient or content (RFC 5321 §4.2.1).

    Errors of the connection, TLS, the login or the sender address need an operator; the email waits.
    """
    reply = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return PermanentFailure("the server does not support international addresses")
    if not isinstance(reply, aiosmtplib.SMTPResponseException):
        return TransientFailure(type(error).__name__)
    text = f"{reply.code} {reply.message}"[:300]
    is_about_email = isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError)
    is_permanent = 500 <= reply.code < 600 and reply.code not in CONNECTION_REPLIES
    return PermanentFailure(text) if is_about_email and is_permanent else TransientFailure(text)

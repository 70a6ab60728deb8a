"""SmtpMailer against real SMTP servers that are busy, strict, encrypted or unreliable."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from notification_service.email.errors import PermanentFailure, TransientFailure
from notification_service.email.smtp import SmtpMailer
from notification_service.email.smtp_server import SmtpServer
from shared.settings import ServerCertificate
from tests.contract.notification_service.test_mailer import MAIL
from tests.support.authority import Authority
from tests.support.certificates import SelfSigned, self_signed
from tests.support.mail_server import Behaviour, MailServer, mail_server


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> SelfSigned:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusting(certified: SelfSigned, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Returns a function that makes the test certificate trusted."""
    return lambda: monkeypatch.setenv("SSL_CERT_FILE", str(certified.certificate))


def mailer(
    server: MailServer, *, login: str = "", query: str = "", scheme: str = "smtp", timeout_s: float = 5
) -> SmtpMailer:
    url = f"{scheme}://{login}{server.address}{query}"
    return SmtpMailer(SmtpServer.from_url(url), timedelta(seconds=timeout_s))


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(sender=["451 not now"]),
        Behaviour(recipient=["450 mailbox busy"]),
        Behaviour(data=["452 no room"]),
        Behaviour(sender=["550 your address is not welcome"]),
        Behaviour(data=["530 authentication required"]),
    ],
    ids=["sender 4xx", "recipient 4xx", "data 4xx", "sender 5xx", "login wanted"],
)
async def test_a_4xx_reply_is_a_transient_failure(behaviour: Behaviour) -> None:
    async with mail_server(behaviour) as server:
        with pytest.raises(TransientFailure):
            await mailer(server).send(MAIL)
        await mailer(server).send(MAIL)
        assert [mail.content for mail in server.taken] == [MAIL.content]


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(recipient=["550 5.1.1 no such mailbox"]), Behaviour(data=["554 5.7.1 looks like spam"])],
    ids=["recipient", "content"],
)
async def test_a_5xx_reply_is_a_permanent_failure(behaviour: Behaviour) -> None:
    async with mail_server(behaviour) as server:
        with pytest.raises(PermanentFailure, match=r"55\d 5\."):
            await mailer(server).send(MAIL)
        assert server.taken == []


async def test_a_connection_closed_before_the_reply_is_a_transient_failure() -> None:
    async with mail_server(Behaviour(drop_after_data=1)) as server:
        with pytest.raises(TransientFailure):
            await mailer(server).send(MAIL)
        await mailer(server).send(MAIL)
        assert [mail.content for mail in server.taken] == [MAIL.content] * 2


async def test_a_server_that_never_replies_times_out() -> None:
    async with mail_server(Behaviour(hang_at_data=True)) as server:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TransientFailure):
            await mailer(server, timeout_s=0.3).send(MAIL)
        assert asyncio.get_running_loop().time() - began < 3
        assert server.tries == 1


async def test_a_server_that_replies_slowly_to_each_command_times_out() -> None:
    async with mail_server(Behaviour(pause_s=0.3)) as server:
        with pytest.raises(TransientFailure):
            await mailer(server, timeout_s=0.5).send(MAIL)
        assert server.tries == 0


async def test_an_accepted_email_is_sent_once_although_quit_gets_no_reply() -> None:
    async with mail_server(Behaviour(ignores_quit=True)) as server:
        began = asyncio.get_running_loop().time()
        await mailer(server, timeout_s=1).send(MAIL)
        assert asyncio.get_running_loop().time() - began < 5
        assert len(server.taken) == 1


async def test_a_refused_connection_is_a_transient_failure() -> None:
    server = MailServer()
    with pytest.raises(TransientFailure):
        await mailer(server).send(MAIL)


async def test_an_unknown_host_is_a_transient_failure() -> None:
    gone = SmtpMailer(SmtpServer.from_url("smtp://no-such-host.invalid"), timedelta(seconds=5))
    with pytest.raises(TransientFailure):
        await gone.send(MAIL)
    with pytest.raises(TransientFailure):
        await gone.ping()


async def test_a_server_that_is_not_smtp_is_a_transient_failure() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
        writer.close()

    server = MailServer()
    async with await asyncio.start_server(babble, "127.0.0.1", server.port):
        with pytest.raises(TransientFailure):
            await mailer(server).send(MAIL)


async def test_a_greeting_of_many_lines_is_read_before_quit() -> None:
    """Servers delay between the lines of a greeting and block clients that send first."""
    heard = asyncio.Queue[bytes]()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-mail.test ESMTP\r\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                heard.put_nowait(b"too early: " + await reader.readline())
        writer.write(b"220 at your service\r\n")
        heard.put_nowait(await reader.readline())
        writer.close()

    server = MailServer()
    async with await asyncio.start_server(greet, "127.0.0.1", server.port):
        await mailer(server).ping()
        async with asyncio.timeout(30):
            assert await heard.get() == b"QUIT\r\n"


async def test_offered_starttls_is_used_with_any_certificate(
    certified: SelfSigned,
) -> None:
    async with mail_server(Behaviour(starttls=certified.context)) as server:
        await mailer(server).send(MAIL)
        assert [mail.encrypted for mail in server.taken] == [True]


async def test_without_starttls_auto_sends_unencrypted() -> None:
    async with mail_server() as server:
        await mailer(server).send(MAIL)
        assert [mail.encrypted for mail in server.taken] == [False]


async def test_required_starttls_that_is_not_offered_sends_nothing() -> None:
    async with mail_server() as server:
        with pytest.raises(TransientFailure):
            await mailer(server, query="?starttls=required").send(MAIL)
        assert server.tries == 0


async def test_required_starttls_verifies_the_certificate(
    certified: SelfSigned, trusting: Callable[[], None]
) -> None:
    async with mail_server(Behaviour(starttls=certified.context)) as server:
        with pytest.raises(TransientFailure):
            await mailer(server, query="?starttls=required").send(MAIL)
        assert server.tries == 0
        trusting()
        await mailer(server, query="?starttls=required").send(MAIL)
        assert [mail.encrypted for mail in server.taken] == [True]


async def test_starttls_never_is_not_used(certified: SelfSigned) -> None:
    async with mail_server(Behaviour(starttls=certified.context)) as server:
        await mailer(server, query="?starttls=never").send(MAIL)
        assert [mail.encrypted for mail in server.taken] == [False]


async def test_smtps_is_encrypted_and_verified(certified: SelfSigned, trusting: Callable[[], None]) -> None:
    async with mail_server(Behaviour(tls=certified.context)) as server:
        with pytest.raises(TransientFailure):
            await mailer(server, scheme="smtps").send(MAIL)
        trusting()
        await mailer(server, scheme="smtps").send(MAIL)
        assert [mail.encrypted for mail in server.taken] == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_the_certificate_of_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("mail.example")
    context = ServerCertificate(issued.certificate, issued.key).context()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    behaviour = Behaviour(starttls=context) if scheme == "smtp" else Behaviour(tls=context)
    query = "?starttls=required" if scheme == "smtp" else ""
    async with mail_server(behaviour) as server:
        with pytest.raises(TransientFailure):
            await mailer(server, scheme=scheme, query=query).send(MAIL)
        assert server.taken == []


async def test_a_login_uses_tls(certified: SelfSigned, trusting: Callable[[], None]) -> None:
    trusting()
    behaviour = Behaviour(starttls=certified.context, login=(b"ann", b"s3cret"))
    async with mail_server(behaviour) as server:
        await mailer(server, login="ann:s3cret@").send(MAIL)
        assert [(mail.encrypted, mail.user) for mail in server.taken] == [(True, b"ann")]


async def test_a_wrong_password_is_a_transient_failure(
    certified: SelfSigned, trusting: Callable[[], None]
) -> None:
    trusting()
    behaviour = Behaviour(starttls=certified.context, login=(b"ann", b"s3cret"))
    async with mail_server(behaviour) as server:
        with pytest.raises(TransientFailure, match="535") as later:
            await mailer(server, login="ann:wrong@").send(MAIL)
        assert "wrong" not in str(later.value)


async def test_no_password_is_sent_unencrypted_unless_configured() -> None:
    behaviour = Behaviour(login=(b"ann", b"s3cret"), auth_over_plain=True)
    async with mail_server(behaviour) as server:
        with pytest.raises(TransientFailure):
            await mailer(server, login="ann:s3cret@").send(MAIL)
        await mailer(server, login="ann:s3cret@", query="?starttls=never").send(MAIL)
        assert [mail.user for mail in server.taken] == [b"ann"]


async def test_an_international_mailbox_uses_smtputf8() -> None:
    international = msgspec.structs.replace(MAIL, recipient="jörg@example.org", utf8=True)
    async with mail_server() as server:
        await mailer(server).send(international)
        assert [(mail.recipients, mail.utf8) for mail in server.taken] == [(["jörg@example.org"], True)]


async def test_an_international_mailbox_without_smtputf8_is_a_permanent_failure() -> None:
    international = msgspec.structs.replace(MAIL, recipient="jörg@example.org", utf8=True)
    async with mail_server(Behaviour(smtputf8=False)) as server:
        with pytest.raises(PermanentFailure, match="international"):
            await mailer(server).send(international)


async def test_the_envelope_names_the_sender_and_the_one_recipient() -> None:
    async with mail_server() as server:
        await mailer(server).send(MAIL)
        assert [(mail.sender, mail.recipients) for mail in server.taken] == [
            ("no-reply@tonegate.example", ["ann@example.org"])
        ]

"""Contract suite of the Mailer port: in memory and over SMTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from notification_service.email.errors import PermanentFailure, TransientFailure
from notification_service.email.message import Mail, compose, parse_from_address
from notification_service.email.ports import Mailer
from notification_service.email.smtp import SmtpMailer
from notification_service.email.smtp_server import SmtpServer
from notification_service.email.templates import EmailTemplates
from tests.support.event_samples import completed
from tests.support.in_memory.email import DECLINES, LINKS, MemoryMailer
from tests.support.mail_server import MailServer, mail_server

MAIL = compose(
    EmailTemplates("https://tonegate.example", DECLINES, LINKS).render(completed(filename="Ä talk 🎧.mp4")),
    parse_from_address("Tonegate <no-reply@tonegate.example>"),
    event_id="event-1",
    written_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
)


class MailerRig(msgspec.Struct):
    """A mailer, and controls of the server behind it."""

    mailer: Mailer
    taken: Callable[[], list[bytes]]
    refuse: Callable[[], None]
    go_down: Callable[[], Awaitable[None]]
    come_back: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "smtp"])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[MailerRig]:
    if request.param == "memory":
        yield _memory()
        return
    async with mail_server() as server:
        yield _smtp(server)


def _memory() -> MailerRig:
    mailer = MemoryMailer()

    def refuse() -> None:
        mailer.refused = frozenset({MAIL.recipient})

    async def be(*, down: bool) -> None:
        mailer.down = down

    return MailerRig(
        mailer,
        lambda: [mail.content for mail in mailer.taken],
        refuse,
        lambda: be(down=True),
        lambda: be(down=False),
    )


def _smtp(server: MailServer) -> MailerRig:
    mailer = SmtpMailer(SmtpServer.from_url(f"smtp://{server.address}"), timedelta(seconds=5))

    def refuse() -> None:
        server.behaviour.recipient = ["550 no such mailbox"] * 5

    return MailerRig(
        mailer,
        lambda: [received.content for received in server.taken],
        refuse,
        server.stop,
        server.start,
    )


async def test_an_email_arrives_once_byte_for_byte(post: MailerRig) -> None:
    await post.mailer.send(MAIL)
    assert post.taken() == [MAIL.content]


async def test_several_emails_arrive_in_order(post: MailerRig) -> None:
    other = msgspec.structs.replace(MAIL, recipient="bob@example.org")
    await post.mailer.send(MAIL)
    await post.mailer.send(other)
    assert len(post.taken()) == 2


async def test_a_refused_email_raises_permanent_failure_with_the_reply(post: MailerRig) -> None:
    post.refuse()
    with pytest.raises(PermanentFailure, match="550 no such mailbox"):
        await post.mailer.send(MAIL)
    assert post.taken() == []


async def test_an_unreachable_server_is_a_transient_failure_until_it_is_back(post: MailerRig) -> None:
    await post.go_down()
    with pytest.raises(TransientFailure):
        await post.mailer.send(MAIL)
    await post.come_back()
    await post.mailer.send(MAIL)
    assert post.taken() == [MAIL.content]


async def test_ping_raises_while_the_server_is_unreachable(post: MailerRig) -> None:
    await post.mailer.ping()
    await post.go_down()
    with pytest.raises(TransientFailure):
        await post.mailer.ping()


async def test_emails_can_be_sent_concurrently(post: MailerRig) -> None:
    mails: list[Mail] = [msgspec.structs.replace(MAIL, recipient=f"r{n}@example.org") for n in range(10)]
    await asyncio.gather(*map(post.mailer.send, mails))
    assert len(post.taken()) == 10

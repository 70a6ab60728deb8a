"""The whole service with a real broker, database and mail server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aio_pika
import httpx
import pytest
from msgspec.structs import replace
from pymongo import AsyncMongoClient

from devstack.ports import free_port
from notification_service.app import run
from notification_service.email.declines import DeclineTokens
from notification_service.settings import NotificationSettings
from shared.messaging.envelope import decode
from shared.messaging.rabbitmq.topology import Names
from shared.settings import Secret, SettingsError, load
from tests.integration.notification_service.service_process import publishing, running
from tests.support.event_samples import completed, enveloped, failed
from tests.support.mail_server import MailServer, mail_server
from tests.support.wait import PATIENCE_S, until


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture
def settings(amqp_url: str, mongo_url: str, server: MailServer) -> NotificationSettings:
    return NotificationSettings(
        amqp_url=Secret(amqp_url),
        mongo_url=Secret(mongo_url),
        smtp_url=Secret(f"smtp://{server.address}"),
        sender="Tonegate <no-reply@tonegate.example>",
        link_key=Secret("l" * 32),
        webhook_key=Secret("k" * 32),
        public_url="https://tonegate.example",
        port=free_port(),
        metrics_port=free_port(),
        # Long enough that a slow machine causes no second send.
        smtp_timeout=timedelta(seconds=60),
    )


@asynccontextmanager
async def process(settings: NotificationSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs the service in its own process, which a test can kill."""
    given = {
        **_environment(settings),
        "NOTIFICATION_PORT": str(settings.port),
        "NOTIFICATION_METRICS_PORT": str(settings.metrics_port),
        "NOTIFICATION_SMTP_TIMEOUT": str(settings.smtp_timeout.total_seconds()),
        "LOG_LEVEL": "error",
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "notification_service", env={**os.environ, **given}
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        async with asyncio.timeout(PATIENCE_S):
            await running.wait()


async def states(settings: NotificationSettings) -> dict[str, int]:
    """Returns the number of ledger entries by state."""
    async with AsyncMongoClient[dict[str, object]](settings.mongo_url.reveal()) as client:
        found = await client.get_default_database()["letters"].find().to_list()
    kinds = [str(entry["state"]) for entry in found]
    return {kind: kinds.count(kind) for kind in kinds}


async def test_an_event_becomes_a_mail_that_carries_its_request_id(
    settings: NotificationSettings, server: MailServer
) -> None:
    async with running(settings), publishing(settings) as broker:
        await broker.publish(enveloped(completed()))
        await until(lambda: server.taken, what="the mail")
        assert server.taken[0].recipients == ["ann@example.org"]
        assert b"\r\nX-Request-ID: request-1\r\n" in server.taken[0].content
        await until(lambda: _is(settings, {"sent": 1}), what="the ledger's entry")


async def test_a_redelivered_event_is_one_email_also_with_two_processes(
    settings: NotificationSettings, server: MailServer
) -> None:
    other = _beside(settings)
    async with running(settings), running(other), publishing(settings) as broker:
        for _ in range(10):
            await broker.publish(enveloped(completed()))
        await broker.publish(enveloped(failed(), "event-2"))
        await until(lambda: len(server.taken) >= 2, what="both mails")
        await until(lambda: _is(settings, {"sent": 2}), what="both entries")
        await until(lambda: _handled(settings, other, 11), what="all deliveries")
        assert server.tries == 2


async def test_one_failing_conversion_retried_forty_times_is_one_mail(
    settings: NotificationSettings, server: MailServer
) -> None:
    """By two processes, before and after a restart."""
    other = _beside(settings)
    events = [enveloped(failed(recipient_verified=False), f"event-{number}") for number in range(41)]
    async with publishing(settings) as broker:
        async with running(settings), running(other):
            for each in events[:30]:
                await broker.publish(each)
            await until(lambda: _is(settings, {"sent": 1, "capped": 29}), what="every event in the ledger")
        async with running(settings):
            for each in events[30:]:
                await broker.publish(each)
            await until(lambda: _is(settings, {"sent": 1, "capped": 40}), what="every event in the ledger")
    assert len(server.taken) == 1


async def test_an_unverified_address_gets_ten_result_mails_a_day_whichever_account_causes_them(
    settings: NotificationSettings, server: MailServer
) -> None:
    other = _beside(settings)
    async with running(settings), running(other), publishing(settings) as broker:
        for number in range(24):
            event = completed(
                conversion_id=f"c{number}",
                owner_id=f"u{number % 3}",
                recipient=("ann@example.org", "Ann+x@Example.org")[number % 2],
                recipient_verified=False,
            )
            await broker.publish(enveloped(event, f"event-{number}"))
        await until(lambda: _is(settings, {"sent": 10, "capped": 14}), what="every event in the ledger")
        for number in range(12):
            await broker.publish(enveloped(completed(recipient_verified=True), f"verified-{number}"))
        await broker.publish(enveloped(completed(recipient="bob@example.org", recipient_verified=False), "b"))
        await until(lambda: _is(settings, {"sent": 23, "capped": 14}), what="verified and other ones")
        assert len(server.taken) == 23


async def test_the_reader_of_a_mail_declines_it_and_the_account_is_announced_as_not_theirs(
    settings: NotificationSettings, server: MailServer
) -> None:
    async with running(settings) as service, publishing(settings) as broker:
        await broker.publish(enveloped(completed(recipient_verified=False), "first"))
        await until(lambda: server.taken, what="the mail")
        token = DeclineTokens(settings.webhook_key).token("u1", "ann@example.org")
        forged = await service.post("/internal/declines", json={"token": f"u2{token[2:]}"})
        assert forged.status_code == 400
        for _ in range(2):
            answer = await service.post("/internal/declines", json={"token": token})
            assert answer.status_code == 204, answer.text
        await broker.publish(enveloped(completed(recipient_verified=False), "second"))
        await until(lambda: _is(settings, {"sent": 1, "capped": 1}), what="the second one is not sent")
        await broker.publish(enveloped(completed(recipient_verified=True), "third"))
        await until(lambda: _is(settings, {"sent": 2, "capped": 1}), what="the third one is sent")


async def test_mail_waits_while_the_server_is_down_and_arrives_once_when_it_is_back(
    settings: NotificationSettings, server: MailServer
) -> None:
    await server.stop()
    async with running(settings) as health, publishing(settings) as broker:
        assert (await health.get("/readyz")).json()["checks"] == {
            "rabbitmq": "ok",
            "mongodb": "ok",
            "smtp": "down",
        }
        await broker.publish(enveloped(completed()))
        await until(lambda: _is(settings, {"waiting": 1}), what="the first attempt")
        await server.start()
        await until(lambda: server.taken, what="the mail")
        await until(lambda: _is(settings, {"sent": 1}), what="the ledger's entry")
        assert server.tries == 1


async def test_an_email_accepted_without_a_reply_is_sent_again_with_the_same_bytes(
    settings: NotificationSettings, server: MailServer
) -> None:
    server.behaviour.drop_after_data = 1
    async with running(settings), publishing(settings) as broker:
        await broker.publish(enveloped(completed()))
        await until(lambda: _is(settings, {"sent": 1}), what="the ledger's entry")
        assert len(server.taken) == 2
        assert server.taken[0].content == server.taken[1].content


async def test_a_permanently_refused_email_is_dead_lettered_and_not_retried(
    settings: NotificationSettings, server: MailServer
) -> None:
    server.behaviour.recipient = ["550 no such mailbox"]
    async with running(settings), publishing(settings) as broker:
        await broker.publish(enveloped(completed()))
        await until(lambda: _is(settings, {"refused": 1}), what="the refusal")
        letter = await until(lambda: _dead_letter(settings), what="the dead letter")
        assert decode(letter).id == "event-1"
        await broker.publish(enveloped(failed(), "event-2"))
        await until(lambda: server.taken, what="the next mail")
        assert server.tries == 1


async def test_a_process_killed_before_it_recorded_a_send_sends_the_same_email_again(
    settings: NotificationSettings, server: MailServer
) -> None:
    server.behaviour.answers_late = True
    settings = replace(
        settings, smtp_timeout=timedelta(seconds=5)
    )  # which bounds the lease of the killed process
    async with publishing(settings) as broker:
        await broker.publish(enveloped(completed()))
        async with process(settings) as killed:
            await until(lambda: server.taken, what="the email, accepted but not replied to")
            killed.kill()
            await killed.wait()
        assert await states(settings) == {"sending": 1}
        server.behaviour.answers_late = False
        async with process(settings):
            await until(lambda: _is(settings, {"sent": 1}), what="the ledger's entry")
    assert len(server.taken) == 2
    assert server.taken[0].content == server.taken[1].content


async def test_a_stop_waits_for_the_reply_of_the_mail_server_and_records_it(
    settings: NotificationSettings, server: MailServer
) -> None:
    server.behaviour.data_pause_s = 3.0
    async with publishing(settings) as broker, process(settings) as stopped:
        await broker.publish(enveloped(completed()))
        await until(lambda: server.tries, what="the end of the mail")
        stopped.terminate()
        assert await asyncio.wait_for(stopped.wait(), PATIENCE_S) == 0
    assert await states(settings) == {"sent": 1}
    assert len(server.taken) == 1


async def test_ledger_entries_expire(settings: NotificationSettings, server: MailServer) -> None:
    async with running(settings), publishing(settings) as broker:
        await broker.publish(enveloped(completed()))
        await until(lambda: _is(settings, {"sent": 1}), what="the ledger's entry")
        async with AsyncMongoClient[dict[str, object]](settings.mongo_url.reveal(), tz_aware=True) as client:
            letters = client.get_default_database()["letters"]
            assert (await letters.index_information())["expiry"]["expireAfterSeconds"] == 0
            entry = await letters.find_one()
            assert entry is not None
            assert entry["expires_at"] - entry["sent_at"] == timedelta(days=30)  # type: ignore[operator]


async def test_a_malformed_setting_is_named_at_start(settings: NotificationSettings) -> None:
    bad = load(NotificationSettings, {**_environment(settings), "NOTIFICATION_SMTP_URL": "http://s3cret@x"})
    with pytest.raises(SettingsError, match="NOTIFICATION_SMTP_URL") as refused:
        await run(bad, asyncio.Event())
    assert "s3cret" not in str(refused.value)
    bad = load(NotificationSettings, {**_environment(settings), "NOTIFICATION_FROM": "Tonegate"})
    with pytest.raises(SettingsError, match="NOTIFICATION_FROM"):
        await run(bad, asyncio.Event())


def _environment(settings: NotificationSettings) -> dict[str, str]:
    return {
        "AMQP_URL": settings.amqp_url.reveal(),
        "NOTIFICATION_MONGO_URL": settings.mongo_url.reveal(),
        "NOTIFICATION_SMTP_URL": settings.smtp_url.reveal(),
        "NOTIFICATION_FROM": settings.sender,
        "CONVERTER_LINK_KEY": settings.link_key.reveal(),
        "NOTIFICATION_WEBHOOK_KEY": settings.webhook_key.reveal(),
    }


def _beside(settings: NotificationSettings) -> NotificationSettings:
    ports = {"NOTIFICATION_PORT": str(free_port()), "NOTIFICATION_METRICS_PORT": str(free_port())}
    return load(NotificationSettings, {**_environment(settings), **ports})


async def _is(settings: NotificationSettings, wanted: dict[str, int]) -> bool:
    return await states(settings) == wanted


async def _dead_letter(settings: NotificationSettings) -> bytes:
    """Takes a dead letter from the queue; returns b"" if there is none."""
    async with await aio_pika.connect(settings.amqp_url.reveal()) as connection:
        queue = await (await connection.channel()).get_queue(Names().dead_letters)
        letter = await queue.get(no_ack=True, fail=False)
        return letter.body if letter else b""


async def _handled(one: NotificationSettings, other: NotificationSettings, least: int) -> bool:
    """Returns True once `least` deliveries have ended as `sent` or `repeated`."""
    counts = [await _count(each, outcome) for each in (one, other) for outcome in ("sent", "repeated")]
    return sum(counts) >= least


async def _count(settings: NotificationSettings, outcome: str) -> float:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        page = (await client.get(f"http://127.0.0.1:{settings.metrics_port}/metrics")).text
    found = [line for line in page.splitlines() if line.startswith(f'letters_total{{outcome="{outcome}"}}')]
    return float(found[0].split()[-1]) if found else 0.0

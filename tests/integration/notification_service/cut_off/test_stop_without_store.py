"""A process that is stopped while MongoDB is cut off: the next one only records what was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec.structs import replace
from yarl import URL

from notification_service.settings import NotificationSettings
from notification_service.webhooks.mongo_deliveries import LAPSED
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.retry_policy import DispatchPolicy
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from shared.clock import utc_now
from shared.mongo import Client, connect, database_of
from shared.settings import Secret
from tests.faults.proxy import Link, LinkState
from tests.integration.notification_service.cut_off.conftest import KEY
from tests.integration.notification_service.service_process import is_alive, publishing, running
from tests.support.event_samples import COMPLETED, enveloped
from tests.support.mail_server import MailServer
from tests.support.wait import until
from tests.support.webhooks import Receiver, endpoint, receiver

# Shorter than in the product; a busy machine needs less for a record that waits in RabbitMQ.
SHORT = timedelta(seconds=4)
POLL = DispatchPolicy(lease=timedelta(), schedule=()).poll


@asynccontextmanager
async def sent_without_record(
    settings: NotificationSettings, link: Link, mongo_url: str
) -> AsyncIterator[tuple[Receiver, Client]]:
    """Yields when a process has sent a webhook, lost MongoDB before its record, and ended."""

    async def cut_and_accept(_: web.Request) -> web.Response:
        await asyncio.to_thread(link.turn, LinkState.CUT)
        return web.Response(status=204)

    async with receiver() as there, connect(Secret(mongo_url)) as client:
        hook = endpoint(COMPLETED.owner_id, url=there.url, secret=SecretCipher(KEY).encrypt(new_secret()))
        await MongoEndpoints(database_of(client)).add(hook, 1)
        there.answers = [cut_and_accept]
        async with running(settings), publishing(settings) as broker:
            await broker.publish(enveloped(replace(COMPLETED, recipient="")))
            await until(lambda: there.calls, what="the webhook")
        yield there, client


async def test_a_webhook_that_could_not_be_recorded_is_not_sent_again(
    settings: NotificationSettings, link: Link, mongo_url: str
) -> None:
    async with sent_without_record(settings, link, mongo_url) as (there, client):
        await asyncio.to_thread(link.turn, LinkState.FAIR)
        async with running(settings):
            await until(lambda: _is_delivered(client), what="the record")
        assert len(there.calls) == 1


async def test_a_webhook_is_not_sent_again_before_its_record_could_arrive(
    settings: NotificationSettings, link: Link, broker_link: Link, mongo_url: str
) -> None:
    """The next process has MongoDB before RabbitMQ, where the record of the last one is."""
    async with sent_without_record(settings, link, mongo_url) as (there, client):
        await asyncio.to_thread(broker_link.turn, LinkState.CUT)
        await asyncio.to_thread(link.turn, LinkState.FAIR)
        async with running(settings, is_ready=is_alive, handover=SHORT):
            await until(lambda: there.calls[1:] or _is_overdue(client), what="the wait for the record ended")
            await asyncio.to_thread(broker_link.turn, LinkState.FAIR)
            await until(lambda: _is_delivered(client), what="the record")
        assert len(there.calls) == 1


class CuttingMailServer(MailServer):
    """Cuts links when it has accepted a mail, and mends those that are only interrupted."""

    def __init__(self, port: int, cut: Link, interrupted: Link | None = None) -> None:
        super().__init__(port=port)
        self._cut, self._interrupted = cut, interrupted

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.to_thread(self._cut.turn, LinkState.CUT)
        if self._interrupted:
            await asyncio.to_thread(self._interrupted.turn, LinkState.CUT)
            await asyncio.to_thread(self._interrupted.turn, LinkState.FAIR)
        return answer


@pytest.mark.parametrize("reset", [False, True], ids=["", "and its channel was closed"])
async def test_a_mail_that_could_not_be_recorded_is_not_sent_again(
    settings: NotificationSettings, link: Link, broker_link: Link, mongo_url: str, *, reset: bool
) -> None:
    port = URL(settings.smtp_url.reveal()).port or 0
    server = CuttingMailServer(port, link, broker_link if reset else None)
    await server.start()
    async with connect(Secret(mongo_url)) as client:
        async with running(settings), publishing(settings) as broker:
            await broker.publish(enveloped(COMPLETED))
            await until(lambda: server.taken, what="the mail")
        await asyncio.to_thread(link.turn, LinkState.FAIR)
        async with running(settings):
            await until(lambda: _is_recorded(client), what="the record")
    await server.stop()
    assert len(server.taken) == 1


async def _is_delivered(client: Client) -> bool:
    found = await database_of(client)["webhook_deliveries"].find_one({"status": "delivered"})
    return found is not None


async def _is_overdue(client: Client) -> bool:
    """True once the webhook could have been sent again, and the service has looked for it since."""
    ended = {"token": LAPSED, "due_at": {"$lte": utc_now() - 3 * POLL}}
    return await database_of(client)["webhook_deliveries"].find_one(ended) is not None


async def _is_recorded(client: Client) -> bool:
    return await database_of(client)["letters"].find_one({"state": "sent"}) is not None

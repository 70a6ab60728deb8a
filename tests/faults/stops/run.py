"""One run: events flow while notifiers are stopped; then every mail and webhook is counted."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from devstack.stack import Stack
from notification_service.webhooks.payloads import Payloads
from shared.mongo import connect, database_of
from shared.settings import Secret
from shared.signed_links import LinkSigner
from tests.faults.proxy import Proxies
from tests.faults.stops.event_stream import EventStream
from tests.faults.stops.expectations import Received
from tests.faults.stops.gone_claims import GoneProcess
from tests.faults.stops.mail_sink import MailSink
from tests.faults.stops.notifiers import Notifiers
from tests.faults.stops.outages import Links, Outage
from tests.faults.stops.points import reachable
from tests.faults.stops.receiver import SlowReceiver
from tests.faults.stops.report import StopReport
from tests.faults.stops.webhook_owners import WebhookOwners, published_changes
from tests.support.wait import until

IDLE_WITHIN_S = 120.0
# Leases of seconds, so that a message which a stop left unrecorded is sent again within the run.
SETTINGS = {
    "NOTIFICATION_SMTP_TIMEOUT": "3s",
    "NOTIFICATION_WEBHOOK_TIMEOUT": "3s",
    "NOTIFICATION_PER_DAY": "100000",
    "NOTIFICATION_WEBHOOK_HTTP": "true",
    "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    # More than the claims that stops can leave without an attempt: a webhook whose retries end is disabled.
    "NOTIFICATION_WEBHOOK_RETRIES": "1s,2s,2s,5s,5s,5s,5s,5s,5s,5s",
}


async def run_stops(
    stack: Stack,
    folder: Path,
    *,
    amqp_url: str,
    mongo_url: str,
    stops: int,
    seed: int,
    outages: Sequence[Outage] = (Outage.NONE,),
) -> StopReport:
    """Needs running servers; starts and ends the notifiers itself. `outages` come with the stops in turn."""
    receiver = SlowReceiver(stack.ports["stops-receiver"], random.Random(f"{seed} receiver"))
    sink = MailSink(stack.ports["stops-mail"], random.Random(f"{seed} mail"))
    proxies = Proxies()
    links = Links(proxies, lambda name: stack.ports[name], amqp_url=amqp_url, mongo_url=mongo_url)
    settings = {**SETTINGS, "NOTIFICATION_SMTP_URL": sink.url}
    notifiers = Notifiers(stack, folder, settings, random.Random(f"{seed} stops"), links, outages)
    try:
        async with receiver.listening(), sink.listening(), connect(Secret(mongo_url)) as client:
            configured, database = stack.settings(), database_of(client)
            owners = WebhookOwners(database, Secret(configured["NOTIFICATION_WEBHOOK_KEY"]), receiver.url)
            signer = LinkSigner(Secret(configured["CONVERTER_LINK_KEY"]))
            gone = GoneProcess(database, Payloads(configured["GATEWAY_PUBLIC_URL"], signer))
            stream = EventStream(amqp_url, owners, gone, random.Random(f"{seed} events"))
            await notifiers.start()
            async with stream.flowing(lambda: _count_recorded(mongo_url)):
                await notifiers.stop_repeatedly(stops)
                stopped_at = time.time()
            report = _report_of(notifiers, stops, outages)
            with suppress(AssertionError):
                await _all_recorded(mongo_url, len(stream.published))
            for identity, expected in stream.published.items():
                received = Received(sink.mails(identity), receiver.deliveries(identity))
                report.count(identity, expected, received, stopped_at)
            if not await _is_idle(mongo_url, len(stream.published)):
                report.wrong.append("some deliveries or changes are still pending, or mails not recorded")
            if (published := await published_changes(amqp_url)) < owners.changes:
                report.lost.append(f"{owners.changes - published} changes of webhooks")
    finally:
        await notifiers.end()
        await asyncio.to_thread(proxies.close)
    return report


def _report_of(notifiers: Notifiers, stops: int, outages: Sequence[Outage]) -> StopReport:
    return StopReport(
        stops,
        notifiers.hits,
        notifiers.moments,
        notifiers.slowest_s,
        reachable(outages),
        long_lives=notifiers.long_lives,
        outages=notifiers.struck,
        wrong=list(notifiers.problems),
    )


async def _is_idle(mongo_url: str, events: int) -> bool:
    """True once every delivery and every mail is recorded: nothing can be sent any more."""
    return await asyncio.to_thread(_recorded, mongo_url) == (events, events, 0)


async def _count_recorded(mongo_url: str) -> int:
    """The number of events whose mail and webhook are recorded, approximately."""
    mails, webhooks, _ = await asyncio.to_thread(_recorded, mongo_url)
    return min(mails, webhooks)


async def _all_recorded(mongo_url: str, events: int) -> None:
    """Waits as long as something is recorded every IDLE_WITHIN_S. Raises AssertionError otherwise."""
    while not await _is_idle(mongo_url, events):
        before = await asyncio.to_thread(_recorded, mongo_url)

        async def is_further(before: tuple[int, int, int] = before) -> bool:
            return await asyncio.to_thread(_recorded, mongo_url) != before

        await until(is_further, IDLE_WITHIN_S)


def _recorded(mongo_url: str) -> tuple[int, int, int]:
    """Numbers of mails sent or refused for good, of webhooks sent, and of what is still to be sent."""
    with MongoClient[Mapping[str, Any]](mongo_url) as client:
        database = client.get_default_database()
        ledger, deliveries = database["letters"], database["webhook_deliveries"]
        settled = {"$in": ["sent", "refused"]}
        return (
            ledger.count_documents({"state": settled}),
            deliveries.count_documents({"status": "delivered"}),
            ledger.count_documents({"state": {"$not": settled}})
            + deliveries.count_documents({"status": {"$ne": "delivered"}})
            + database["webhook_outbox"].count_documents({}),
        )

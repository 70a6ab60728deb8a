"""One run: events flow while notifiers are stopped; then every mail and webhook is counted."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

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
from tests.faults.stops.records import Records
from tests.faults.stops.report import StopReport
from tests.faults.stops.webhook_owners import WebhookOwners

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
            records = Records(mongo_url, amqp_url, stream.published)
            async with stream.flowing(records.count):
                await notifiers.stop_repeatedly(stops)
                stopped_at = time.time()
            report = _report_of(notifiers, stops, outages)
            with suppress(AssertionError):
                await records.all_recorded()
            for identity, expected in stream.published.items():
                received = Received(sink.mails(identity), receiver.deliveries(identity))
                report.count(identity, expected, received, stopped_at)
            report.wrong += [f"not recorded: {each}" for each in await records.lacking()]
            if (published := await records.published_changes()) < owners.changes:
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

"""One run: events flow while notifiers are stopped; then every mail and webhook is counted."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from devstack.stack import Stack
from shared.settings import Secret
from tests.faults.fail_points import names
from tests.faults.notifications import Arrivals, Notifications
from tests.faults.proxy import Proxies
from tests.faults.stops.event_stream import RECIPIENT, EventStream
from tests.faults.stops.notifiers import Notifiers
from tests.faults.stops.outages import Links, Outage
from tests.faults.stops.receiver import SlowReceiver
from tests.support.mailbox import read
from tests.support.wait import until

IDLE_WITHIN_S = 120.0
# Leases of seconds, so that a message which a stop left unrecorded is sent again within the run.
SETTINGS = {
    "NOTIFICATION_SMTP_TIMEOUT": "3s",
    "NOTIFICATION_WEBHOOK_TIMEOUT": "3s",
    "NOTIFICATION_PER_DAY": "100000",
    "NOTIFICATION_WEBHOOK_HTTP": "true",
    "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "NOTIFICATION_WEBHOOK_RETRIES": "1s,2s,5s",
}


@dataclass
class StopReport:
    """Result of a run; `problems` is empty if each event had one mail and one webhook."""

    stops: int
    points: Counter[str]
    moments: int
    slowest_s: float
    events: int = 0
    outages: Counter[Outage] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def never_hit(self) -> list[str]:
        """Fail points at which no process was stopped."""
        return sorted(set(names("notification")) - set(self.points))

    @property
    def problems(self) -> list[str]:
        return [*self.lost, *self.twice, *self.wrong]


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
    rng = random.Random(f"{seed} stops")
    receiver = SlowReceiver(stack.ports["stops-receiver"], random.Random(f"{seed} receiver"))
    stream = EventStream(amqp_url, random.Random(f"{seed} events"))
    proxies = Proxies()
    links = Links(proxies, lambda name: stack.ports[name], amqp_url=amqp_url, mongo_url=mongo_url)
    notifiers = Notifiers(stack, folder, SETTINGS, rng, links, outages)
    key = Secret(stack.settings()["NOTIFICATION_WEBHOOK_KEY"])
    await stream.add_webhooks(Secret(mongo_url), key, receiver.url)
    try:
        async with receiver.listening():
            await notifiers.start()
            async with stream.flowing(lambda: _count_recorded(mongo_url)):
                await notifiers.stop_repeatedly(stops)
            report = StopReport(stops, notifiers.hits, notifiers.moments, notifiers.slowest_s)
            report.wrong += notifiers.problems
            report.outages = notifiers.struck
            with suppress(AssertionError):
                await _all_recorded(mongo_url, stream.published)
            report.events = len(stream.published)
            count(report, stream.published, await asyncio.to_thread(_mails, stack), receiver)
            if not await _is_idle(mongo_url, stream.published):
                report.wrong.append("some deliveries are still pending, or mails not recorded")
    finally:
        await notifiers.end()
        await asyncio.to_thread(proxies.close)
    return report


def count(
    report: StopReport, published: Sequence[str], mails: Mapping[str, Arrivals], receiver: SlowReceiver
) -> None:
    """Adds lost and repeated mails and webhooks to the report."""
    for identity in published:
        received = Notifications(mails.get(identity, {}), receiver.deliveries(identity))
        report.lost += [f"{identity}: {each}" for each in received.lacking()]
        report.twice += [f"{identity}: {each}" for each in (*received.different(), *received.repeated())]


async def _is_idle(mongo_url: str, published: Sequence[str]) -> bool:
    """True once every delivery and every mail is recorded: nothing can be sent any more."""
    return await asyncio.to_thread(_recorded, mongo_url) == (len(published), len(published), 0)


async def _count_recorded(mongo_url: str) -> int:
    """The number of events whose mail and webhook are recorded, approximately."""
    mails, webhooks, _ = await asyncio.to_thread(_recorded, mongo_url)
    return min(mails, webhooks)


async def _all_recorded(mongo_url: str, published: Sequence[str]) -> None:
    """Waits as long as something is recorded every IDLE_WITHIN_S. Raises AssertionError otherwise."""
    while not await _is_idle(mongo_url, published):
        before = await asyncio.to_thread(_recorded, mongo_url)

        async def is_further(before: tuple[int, int, int] = before) -> bool:
            return await asyncio.to_thread(_recorded, mongo_url) != before

        await until(is_further, IDLE_WITHIN_S)


def _recorded(mongo_url: str) -> tuple[int, int, int]:
    """Numbers of recorded mails, recorded webhooks, and those not recorded yet."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        database = client.get_default_database()
        ledger, deliveries = database["letters"], database["webhook_deliveries"]
        return (
            ledger.count_documents({"state": "sent"}),
            deliveries.count_documents({"status": "delivered"}),
            ledger.count_documents({"state": {"$ne": "sent"}})
            + deliveries.count_documents({"status": {"$ne": "delivered"}}),
        )


def _mails(stack: Stack) -> Mapping[str, Arrivals]:
    """Mails by file name of the conversion, then by Message-ID."""
    found: dict[str, dict[str, list[float]]] = {}
    for path in stack.mail.directory.glob("*.eml"):
        mail = read(path)
        if mail["To"] == RECIPIENT:
            name = str(mail["Subject"]).rpartition(": ")[2]
            arrived = found.setdefault(name, {}).setdefault(str(mail["Message-ID"]), [])
            arrived.append(path.stat().st_mtime)
    return found

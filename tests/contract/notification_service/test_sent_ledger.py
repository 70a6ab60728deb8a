"""What every ledger of sent letters promises."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from notification_service.email.ledger import AlreadySent, Lease, LeaseHeld, SentLedger
from notification_service.email.mongo_ledger import MongoLedger, connect
from tests.support.memory_email import MemoryLedger

LEASE = timedelta(minutes=1)
LAPSED = timedelta(0)


@pytest.fixture(params=["memory", "mongo"])
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[SentLedger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    url: str = request.getfixturevalue("mongo_url")
    async with connect(url) as client:
        stored = MongoLedger(client.get_default_database(), keep=timedelta(days=30))
        await stored.prepare()
        yield stored


async def granted(ledger: SentLedger, event: str = "event", lease: timedelta = LEASE) -> Lease:
    claim = await ledger.claim(event, lease)
    assert isinstance(claim, Lease)
    return claim


async def test_a_new_event_is_granted(ledger: SentLedger) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    claim = await granted(ledger)
    assert claim.attempts == 0
    assert before <= claim.since <= datetime.now(UTC) + timedelta(seconds=1)
    assert claim.token


async def test_an_event_that_was_granted_is_held_for_the_rest_of_its_lease(ledger: SentLedger) -> None:
    await granted(ledger)
    claim = await ledger.claim("event", LEASE)
    assert isinstance(claim, LeaseHeld)
    assert timedelta(seconds=50) < claim.remaining <= LEASE


async def test_one_of_many_who_ask_at_once_is_granted(ledger: SentLedger) -> None:
    claims = await asyncio.gather(*(ledger.claim("event", LEASE) for _ in range(20)))
    assert sum(isinstance(claim, Lease) for claim in claims) == 1
    assert sum(isinstance(claim, LeaseHeld) for claim in claims) == 19


async def test_one_of_many_who_ask_for_a_lapsed_lease_at_once_is_granted(ledger: SentLedger) -> None:
    await granted(ledger, lease=LAPSED)
    claims = await asyncio.gather(*(ledger.claim("event", LEASE) for _ in range(20)))
    assert sum(isinstance(claim, Lease) for claim in claims) == 1


async def test_events_do_not_stand_in_each_others_way(ledger: SentLedger) -> None:
    await granted(ledger, "one")
    await granted(ledger, "two")


async def test_what_was_sent_is_settled_for_good(ledger: SentLedger) -> None:
    claim = await granted(ledger)
    await ledger.record_sent("event", claim.token)
    assert await ledger.claim("event", LEASE) == AlreadySent()
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_a_lapsed_lease_is_granted_to_somebody_else(ledger: SentLedger) -> None:
    first = await granted(ledger, lease=LAPSED)
    second = await granted(ledger)
    assert second.token != first.token
    assert second.since == first.since


async def test_a_mail_sent_under_a_lapsed_lease_is_still_sent(ledger: SentLedger) -> None:
    late = await granted(ledger, lease=LAPSED)
    await granted(ledger)
    await ledger.record_sent("event", late.token)
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_what_was_postponed_is_granted_again_and_counts(ledger: SentLedger) -> None:
    first = await granted(ledger)
    await ledger.postpone("event", first.token)
    second = await granted(ledger)
    await ledger.postpone("event", second.token)
    third = await granted(ledger)
    assert (first.attempts, second.attempts, third.attempts) == (0, 1, 2)
    assert first.since == third.since


async def test_who_lost_the_lease_can_neither_postpone_nor_refuse(ledger: SentLedger) -> None:
    late = await granted(ledger, lease=LAPSED)
    await granted(ledger)
    await ledger.postpone("event", late.token)
    await ledger.record_refusal("event", late.token, "too late")
    assert isinstance(await ledger.claim("event", LEASE), LeaseHeld)


async def test_who_is_late_cannot_undo_what_was_sent(ledger: SentLedger) -> None:
    late = await granted(ledger, lease=LAPSED)
    claim = await granted(ledger)
    await ledger.record_sent("event", claim.token)
    await ledger.postpone("event", late.token)
    await ledger.postpone("event", claim.token)
    await ledger.record_refusal("event", claim.token, "no")
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_what_was_refused_starts_anew_when_asked_for_again(ledger: SentLedger) -> None:
    first = await granted(ledger)
    await ledger.postpone("event", first.token)
    second = await granted(ledger)
    await ledger.record_refusal("event", second.token, "550 no such mailbox")
    again = await granted(ledger)
    assert again.attempts == 0
    assert again.since >= first.since


async def test_an_id_is_only_an_id_whatever_it_looks_like(ledger: SentLedger) -> None:
    for event in ("$where", "a.b", "{'$ne': 1}", " ", "é" * 200):
        claim = await granted(ledger, event)
        await ledger.record_sent(event, claim.token)
        assert await ledger.claim(event, LEASE) == AlreadySent()

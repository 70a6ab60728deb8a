"""Contract suite of the SentLedger port: in memory and in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from notification_service.email.ledger import AlreadySent, Lease, LeaseHeld, SentLedger
from notification_service.email.mongo_ledger import MongoLedger
from shared.mongo import connect
from shared.settings import Secret
from tests.support.in_memory.email import MemoryLedger
from tests.support.wait import until

LEASE = timedelta(minutes=1)
LAPSED = timedelta(0)
# Long enough that a test on a slow machine ends within it.
HANDOVER = timedelta(minutes=5)


@pytest.fixture(params=["memory", "mongo"])
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[SentLedger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    url: str = request.getfixturevalue("mongo_url")
    async with connect(Secret(url)) as client:
        stored = MongoLedger(client.get_default_database(), keep=timedelta(days=30))
        await stored.prepare()
        yield stored


async def leased(ledger: SentLedger, event: str = "event", lease: timedelta = LEASE) -> Lease:
    claim = await ledger.claim(event, lease)
    assert isinstance(claim, Lease)
    return claim


async def test_a_new_event_is_leased(ledger: SentLedger) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    claim = await leased(ledger)
    assert claim.attempts == 0
    assert before <= claim.since <= datetime.now(UTC) + timedelta(seconds=1)
    assert claim.token


async def test_a_leased_event_is_held_for_the_rest_of_the_lease(ledger: SentLedger) -> None:
    await leased(ledger)
    claim = await ledger.claim("event", LEASE)
    assert isinstance(claim, LeaseHeld)
    assert timedelta(seconds=50) < claim.remaining <= LEASE


async def test_a_capped_email_is_recorded_and_may_be_claimed_later(ledger: SentLedger) -> None:
    await ledger.record_capped("event", "unverified_limit")
    await ledger.record_capped("event", "unverified_limit")
    assert isinstance(await ledger.claim("event", LEASE), Lease)


async def test_a_sent_email_does_not_become_a_capped_one(ledger: SentLedger) -> None:
    lease = await leased(ledger)
    await ledger.record_capped("event", "unverified_limit")
    assert isinstance(await ledger.claim("event", LEASE), LeaseHeld)
    await ledger.record_sent("event", lease.token)
    await ledger.record_capped("event", "unverified_limit")
    assert isinstance(await ledger.claim("event", LEASE), AlreadySent)


async def test_one_of_many_concurrent_claims_gets_the_lease(ledger: SentLedger) -> None:
    claims = await asyncio.gather(*(ledger.claim("event", LEASE) for _ in range(20)))
    assert sum(isinstance(claim, Lease) for claim in claims) == 1
    assert sum(isinstance(claim, LeaseHeld) for claim in claims) == 19


async def test_one_of_many_concurrent_claims_gets_an_expired_lease(ledger: SentLedger) -> None:
    await leased(ledger, lease=LAPSED)
    claims = await asyncio.gather(*(ledger.claim("event", LEASE) for _ in range(20)))
    assert sum(isinstance(claim, Lease) for claim in claims) == 1


async def test_leases_of_different_events_are_independent(ledger: SentLedger) -> None:
    await leased(ledger, "one")
    await leased(ledger, "two")


async def test_a_sent_event_stays_sent(ledger: SentLedger) -> None:
    claim = await leased(ledger)
    await ledger.record_sent("event", claim.token)
    assert await ledger.claim("event", LEASE) == AlreadySent()
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_an_expired_lease_goes_to_another_claim(ledger: SentLedger) -> None:
    first = await leased(ledger, lease=LAPSED)
    second = await leased(ledger)
    assert second.token != first.token
    assert second.since == first.since


async def test_an_email_sent_under_an_expired_lease_is_recorded(ledger: SentLedger) -> None:
    late = await leased(ledger, lease=LAPSED)
    await leased(ledger)
    await ledger.record_sent("event", late.token)
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_a_postponed_event_is_leased_again_and_its_attempt_counted(ledger: SentLedger) -> None:
    first = await leased(ledger)
    await ledger.postpone("event", first.token)
    second = await leased(ledger)
    await ledger.postpone("event", second.token)
    third = await leased(ledger)
    assert (first.attempts, second.attempts, third.attempts) == (0, 1, 2)
    assert first.since == third.since


async def test_a_token_of_an_expired_lease_can_neither_postpone_nor_refuse(ledger: SentLedger) -> None:
    late = await leased(ledger, lease=LAPSED)
    await leased(ledger)
    await ledger.postpone("event", late.token)
    await ledger.record_refusal("event", late.token, "too late")
    assert isinstance(await ledger.claim("event", LEASE), LeaseHeld)


async def test_a_late_outcome_does_not_undo_sent(ledger: SentLedger) -> None:
    late = await leased(ledger, lease=LAPSED)
    claim = await leased(ledger)
    await ledger.record_sent("event", claim.token)
    await ledger.postpone("event", late.token)
    await ledger.postpone("event", claim.token)
    await ledger.record_refusal("event", claim.token, "no")
    assert await ledger.claim("event", LEASE) == AlreadySent()


async def test_a_refused_event_starts_with_no_attempts_when_claimed_again(ledger: SentLedger) -> None:
    first = await leased(ledger)
    await ledger.postpone("event", first.token)
    second = await leased(ledger)
    await ledger.record_refusal("event", second.token, "550 no such mailbox")
    again = await leased(ledger)
    assert again.attempts == 0
    assert again.since >= first.since


async def test_an_event_id_is_never_read_as_an_expression(ledger: SentLedger) -> None:
    for event in ("$where", "a.b", "{'$ne': 1}", " ", "é" * 200):
        claim = await leased(ledger, event)
        await ledger.record_sent(event, claim.token)
        assert await ledger.claim(event, LEASE) == AlreadySent()


@pytest.fixture
async def patient(mongo_url: str) -> AsyncIterator[MongoLedger]:
    """A ledger that waits for the records of expired leases."""
    async with connect(Secret(mongo_url)) as client:
        yield MongoLedger(client.get_default_database(), timedelta(days=30), HANDOVER)


async def test_the_record_of_an_expired_lease_may_arrive_after_the_next_claim(patient: MongoLedger) -> None:
    late = await leased(patient, lease=LAPSED)
    claim = await patient.claim("event", LEASE)
    assert isinstance(claim, LeaseHeld)
    assert claim.remaining > HANDOVER / 2
    await patient.record_sent("event", late.token)
    assert await patient.claim("event", LEASE) == AlreadySent()


async def test_an_expired_lease_without_a_record_goes_to_another_claim_in_the_end(mongo_url: str) -> None:
    async with connect(Secret(mongo_url)) as client:
        soon = MongoLedger(client.get_default_database(), timedelta(days=30), timedelta(milliseconds=50))
        await leased(soon, lease=LAPSED)
        assert isinstance(await soon.claim("event", LEASE), LeaseHeld)
        await until(lambda: _is_leased(soon), what="the handover has ended")


async def test_an_expired_lease_waits_until_a_takeover_is_allowed(ledger: SentLedger) -> None:
    await leased(ledger, lease=LAPSED)
    claim = await ledger.claim("event", LEASE, takeover=False)
    assert isinstance(claim, LeaseHeld)
    assert isinstance(await ledger.claim("event", LEASE), Lease)


async def _is_leased(ledger: SentLedger) -> bool:
    return isinstance(await ledger.claim("event", LEASE), Lease)

"""Messages that fail: retries, postponements and dead-lettering."""

import asyncio
import time
from datetime import timedelta

import msgspec
import pytest

from shared.contracts.events import SessionRevoked, VideoUploaded
from shared.messaging.envelope import encode, wrap
from shared.messaging.errors import Reject, Retry
from tests.contract.messaging.broker_rigs import DeadLetter, Rig, quick_subscription
from tests.support.consumers import Failing, Gate, Recorder, consuming, publish
from tests.support.wait import until

UPLOADED = VideoUploaded(conversion_id="c1")
GOOD = msgspec.json.decode(encode(wrap(UPLOADED, "/test", "c1")))

BAD = {
    "not JSON": (b"\xff\xfe{", "MalformedEnvelope"),
    "nothing": (b"", "MalformedEnvelope"),
    "no object": (b"[]", "MalformedEnvelope"),
    "nested too deeply": (b"[" * 100_000, "MalformedEnvelope"),
    "another specversion": (GOOD | {"specversion": "0.3"}, "MalformedEnvelope"),
    "no id": ({key: value for key, value in GOOD.items() if key != "id"}, "MalformedEnvelope"),
    "a line break in the id": (GOOD | {"id": "a\nb"}, "MalformedEnvelope"),
    "a line break at the end of the correlation id": (GOOD | {"correlationid": "a\n"}, "MalformedEnvelope"),
    "a time without a zone": (GOOD | {"time": "2026-11-20T10:00:00"}, "MalformedEnvelope"),
    "an unknown type": (GOOD | {"type": "video_vanished"}, "UnknownEvent"),
    "an unknown version": (GOOD | {"dataversion": 99}, "UnknownVersion"),
    "other data": (GOOD | {"data": {"conversion_id": 7}}, "MalformedData"),
    "an event for somebody else": (
        encode(wrap(SessionRevoked(session_id="s", user_id="u"), "/test", "s")),
        "UnknownEvent",
    ),
}


async def dead_letter(rig: Rig) -> DeadLetter:
    found: list[DeadLetter] = await until(rig.dead_letters, what="a dead letter")
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", BAD)
async def test_an_unreadable_message_is_dead_lettered_with_the_reason(rig: Rig, name: str) -> None:
    message, reason = BAD[name]
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    recorder = Recorder()
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        await rig.put(quick_subscription().queue, body)
        letter = await dead_letter(rig)
        [envelope] = await publish(broker, UPLOADED)
        await recorder.finished(1)
    assert (letter.body, letter.queue) == (body, quick_subscription().queue)
    assert letter.reason.startswith(reason)
    assert recorder.ids == [envelope.id]


async def test_a_failed_message_is_redelivered_after_the_back_off(rig: Rig) -> None:
    recorder = Recorder(Failing(ValueError("broken"), ValueError("again")))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        began = time.monotonic()
        [envelope] = await publish(broker, UPLOADED)
        await recorder.finished(1)
        took_s = time.monotonic() - began
    assert recorder.ids == [envelope.id] * 3
    assert [delivery.attempt for delivery in recorder.deliveries] == [1, 2, 3]
    assert took_s >= 0.05 + 0.2


async def test_others_are_handled_while_a_failed_message_waits(rig: Rig) -> None:
    recorder = Recorder(Failing(ValueError("broken")))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        first, second = await publish(broker, UPLOADED, UPLOADED)
        await recorder.finished(2)
    assert recorder.ids == [first.id, second.id, first.id]


async def test_after_the_last_attempt_it_is_dead_lettered_with_its_history(rig: Rig) -> None:
    recorder = Recorder(Failing(*(ValueError(f"failure {number}") for number in range(9))))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        [envelope] = await publish(broker, UPLOADED)
        letter = await dead_letter(rig)
    assert recorder.ids == [envelope.id] * 3
    assert letter.body == encode(envelope)
    assert letter.reason == "failed 3 times, last: ValueError: failure 2"
    assert [entry.split(" ", 1)[1] for entry in letter.history] == [
        "ValueError: failure 0",
        "ValueError: failure 1",
        "ValueError: failure 2",
    ]


async def test_a_handler_that_exceeds_its_time_limit_has_failed(rig: Rig) -> None:
    subscription = quick_subscription(handling_timeout=timedelta(milliseconds=50), max_attempts=2)
    gate = Gate()
    async with rig.process(subscription) as broker, consuming(broker, subscription, Recorder(gate)):
        await publish(broker, UPLOADED)
        letter = await dead_letter(rig)
    assert letter.reason.startswith("failed 2 times, last: TimeoutError")
    assert gate.running == 0


async def test_a_cancellation_raised_within_a_handler_is_a_failure(rig: Rig) -> None:
    recorder = Recorder(Failing(asyncio.CancelledError()))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        await publish(broker, UPLOADED)
        await recorder.finished(1)
    assert [delivery.attempt for delivery in recorder.deliveries] == [1, 2]


async def test_a_postponed_message_is_redelivered_without_counting_as_failed(rig: Rig) -> None:
    later = [Retry(0.05, "leased by another", counts=False) for _ in range(5)]
    recorder = Recorder(Failing(*later))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        await publish(broker, UPLOADED)
        await recorder.finished(1)
    assert [delivery.attempt for delivery in recorder.deliveries] == [1] * 6


async def test_a_retry_that_counts_is_a_failure_with_a_delay_of_its_own(rig: Rig) -> None:
    recorder = Recorder(Failing(Retry(0.1, "busy"), Retry(60, "busy"), Retry(0, "still busy")))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        began = time.monotonic()
        await publish(broker, UPLOADED)
        letter = await dead_letter(rig)
        took_s = time.monotonic() - began
    assert letter.reason == "failed 3 times, last: still busy"
    assert took_s >= 0.2 + 0.2  # rounded up to a tier, and no longer than the longest


async def test_postponements_are_limited(rig: Rig) -> None:
    subscription = quick_subscription(max_postponements=3)
    recorder = Recorder(Failing(*(Retry(0, "not yet", counts=False) for _ in range(9))))
    async with rig.process(subscription) as broker, consuming(broker, subscription, recorder):
        await publish(broker, UPLOADED)
        letter = await dead_letter(rig)
    assert len(recorder.deliveries) == 4
    assert letter.reason == "postponed 3 times"
    assert len(letter.history) == 1


async def test_a_rejected_message_is_dead_lettered_at_once_with_the_reason(rig: Rig) -> None:
    recorder = Recorder(Failing(Reject("no such\nconversion")))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        [envelope] = await publish(broker, UPLOADED)
        letter = await dead_letter(rig)
    assert len(recorder.deliveries) == 1
    assert letter.body == encode(envelope)
    assert letter.reason == "no such\N{REPLACEMENT CHARACTER}conversion"

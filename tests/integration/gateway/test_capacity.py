"""Limits of concurrent calls and streams: immediate refusal, released slots, and slow clients."""

import asyncio
import io
import time
from datetime import timedelta

import pytest

from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_relay_uploads import HEAD, SHORT, send_slowly_until_answered
from tests.support.wait import PATIENCE_S, until

LIST = "/v1/conversions"
AUDIO = f"{LIST}/c1/audio"
# Without a deadline of the gateway the request would never end.
NOT_LONG_S = 30


class HeldConverter:
    """A converter whose responses wait for `go_on`."""

    def __init__(self, rig: Rig) -> None:
        self.go_on = asyncio.Event()
        self.inside = 0
        rig.converter.script = self._wait

    async def _wait(self, seen: ReceivedRequest) -> None:
        await seen.read_body()
        self.inside += 1
        await self.go_on.wait()
        seen.answer("200 OK", b"{}", **{"content-type": "application/json"})


async def get(rig: Rig, path: str, token: str = TOKEN) -> tuple[int, dict[str, str], float]:
    started = time.monotonic()
    headers = {} if "signature=" in path else {"Authorization": f"Bearer {token}"}
    async with rig.http.get(rig.url + path, headers=headers) as answer:
        await answer.read()
        return answer.status, dict(answer.headers), time.monotonic() - started


async def test_requests_above_the_limits_are_refused_at_once() -> None:
    async with running(max_streams=2) as rig:
        held = HeldConverter(rig)
        downloads = [asyncio.create_task(get(rig, AUDIO)) for _ in range(2)]
        await until(lambda: held.inside == 2)
        status, headers, seconds = await get(rig, AUDIO)
        assert (status, headers["Content-Type"]) == (503, "application/problem+json")
        assert int(headers["Retry-After"]) > 0
        assert seconds < NOT_LONG_S
        held.go_on.set()
        assert [(await task)[0] for task in downloads] == [200, 200]
        assert (await get(rig, AUDIO))[0] == 200


async def test_streams_per_client_are_limited() -> None:
    """Per account; per client address for requests without one, such as signed links."""
    signed = f"{AUDIO}?expires=4000000000&signature=x"
    async with running(max_streams=6, max_streams_per_client=2) as rig:
        rig.auth.sign_in("t2", sub="u2", sid="s2")
        held = HeldConverter(rig)
        own = [asyncio.create_task(get(rig, AUDIO)) for _ in range(2)]
        await until(lambda: held.inside == 2)
        status, headers, _ = await get(rig, AUDIO)
        assert (status, int(headers["Retry-After"]) > 0) == (429, True)
        others = [asyncio.create_task(get(rig, signed)) for _ in range(2)]
        await until(lambda: held.inside == 4)
        assert (await get(rig, signed))[0] == 429
        another = asyncio.create_task(get(rig, AUDIO, token="t2"))
        await until(lambda: held.inside == 5)
        held.go_on.set()
        assert [(await task)[0] for task in (*own, *others, another)] == [200] * 5
        assert [(await get(rig, path))[0] for path in (AUDIO, signed)] == [200, 200]


async def test_a_bounded_number_of_calls_waits_briefly_for_a_slot() -> None:
    async def one_waited_and_two_did_not() -> bool:
        held = HeldConverter(rig)
        first = asyncio.create_task(get(rig, LIST))
        await until(lambda: held.inside == 1)
        others = [asyncio.create_task(get(rig, LIST)) for _ in range(3)]
        await until(lambda: sum(task.done() for task in others) >= 2)
        held.go_on.set()
        assert (await first)[0] == 200
        return sorted([(await task)[0] for task in others]) == [200, 503, 503]

    async with running(max_calls=1) as rig:
        # The wait for a slot is one second; on a busy machine it may end before the others are refused.
        await until(one_waited_and_two_did_not, what="one gets the place that it waited for")


async def test_a_wait_for_a_slot_is_bounded() -> None:
    async with running(max_calls=1) as rig:
        held = HeldConverter(rig)
        first = asyncio.create_task(get(rig, LIST))
        await until(lambda: held.inside == 1)
        status, _, seconds = await get(rig, LIST)
        assert (status, seconds < NOT_LONG_S) == (503, True)
        held.go_on.set()
        assert (await first)[0] == 200


async def test_streams_and_calls_have_separate_slots() -> None:
    async with running(max_calls=1, max_streams=1) as rig:
        held = HeldConverter(rig)
        inside = [asyncio.create_task(get(rig, path)) for path in (AUDIO, LIST)]
        await until(lambda: held.inside == 2)
        async with rig.http.get(f"{rig.url}/healthz") as answer:
            assert answer.status == 200
        held.go_on.set()
        assert [(await task)[0] for task in inside] == [200, 200]


async def test_a_slot_is_released_however_its_request_ended() -> None:
    async with running(max_streams=1, max_calls=1) as rig:

        async def served() -> bool:
            return (await get(rig, AUDIO))[0] == 202

        for number in range(3):
            async with rig.http.get(rig.url + LIST) as answer:
                assert answer.status == 401
            async with rig.connect() as (_, writer):
                writer.write(f"{HEAD}Content-Length: 1000\r\n\r\nhello".encode())
                await until(lambda: uploads(rig) > number)  # noqa: B023 - waited for here and now
            await until(served, what="the place of the one who went away is free")


def uploads(rig: Rig) -> int:
    return sum(seen.method == "POST" for seen in rig.converter.seen)


async def test_a_slowly_sent_body_is_cut_off_at_its_deadline() -> None:
    async with running(idle_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        writer.write(f"{HEAD}Content-Length: 100000\r\n\r\n".encode())
        assert (await send_slowly_until_answered(reader, writer)).startswith(b"HTTP/1.1 408 ")


async def test_a_slow_service_does_not_count_against_the_client() -> None:
    go_on = asyncio.Event()

    async def slow(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await go_on.wait()
        seen.headers = [field for field in seen.headers if field[0] != "expect"]
        await seen.read_body(keep=False)
        seen.answer("202 Accepted", b"{}")

    async with running(idle_timeout=timedelta(seconds=3)) as rig:
        rig.converter.script = slow
        sending = asyncio.create_task(
            rig.http.post(
                rig.url + LIST,
                data=io.BytesIO(bytes(20_000_000)),
                headers={**SIGNED_IN, "Content-Type": "video/mp4"},
            ).__aenter__()
        )
        await until(lambda: bool(rig.converter.seen))
        await asyncio.wait({sending}, timeout=2)
        go_on.set()
        answer = await asyncio.wait_for(sending, PATIENCE_S)
        assert answer.status == 202
        answer.close()


@pytest.mark.parametrize("piece", [64, 4096])
async def test_a_client_that_reads_too_slowly_is_cut_off(piece: int) -> None:
    async def long_answer(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.start("200 OK", **{"content-type": "audio/mpeg", "content-length": str(64 * 1024 * 1024)})
        try:
            for _ in range(1024):
                seen.writer.write(bytes(65536))
                await seen.writer.drain()
        except ConnectionError:
            cut_off.set()

    cut_off = asyncio.Event()
    async with running(idle_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        rig.converter.script = long_answer
        writer.write(f"GET {AUDIO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t1\r\n\r\n".encode())
        for _ in range(1200):
            await reader.read(piece)
            done, _ = await asyncio.wait({asyncio.ensure_future(cut_off.wait())}, timeout=0.05)
            if done:
                return
        pytest.fail("nobody lost patience")

"""Requests of the client: repetition, problems."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.unit.client.server import StubServer, conversion, problem
from tonegate_client.problems import Problem, ServerUnreachable, parse_retry_after
from tonegate_client.retry_policy import RetryPolicy


def in_turn(*answers: httpx.Response | Exception) -> StubServer:
    left: Iterator[httpx.Response | Exception] = iter(answers)

    def script(_: httpx.Request) -> httpx.Response:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return StubServer(script)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refused_call_is_repeated_once_retry_after_has_passed(status: int) -> None:
    busy = problem(status, "busy", {"Retry-After": "0"})
    server = in_turn(busy, busy, httpx.Response(200, json=conversion()))
    async with server.client() as client:
        assert (await client.conversions.get("c1")).id == "c1"
    assert len(server.seen) == 3


async def test_a_pause_is_announced_with_its_reason() -> None:
    server = in_turn(
        problem(429, "rate_limited", {"Retry-After": "0"}), httpx.Response(200, json=conversion())
    )
    announced = list[Exception]()
    async with server.client(on_wait=lambda _, error: announced.append(error)) as client:
        await client.conversions.get("c1")
    assert [each.code for each in announced if isinstance(each, Problem)] == ["rate_limited"]


async def test_a_wait_that_is_too_long_is_left_to_the_caller() -> None:
    server = in_turn(problem(429, "rate_limited", {"Retry-After": "3600"}))
    async with server.client() as client:
        with pytest.raises(Problem) as caught:
            await client.conversions.get("c1")
    assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", 3600)


class BrokenBody(httpx.AsyncByteStream):
    """The connection breaks in the middle of the body."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"id": '
        raise httpx.ReadError("")


async def test_a_call_is_repeated_when_its_response_breaks_off() -> None:
    server = in_turn(httpx.Response(200, stream=BrokenBody()), httpx.Response(200, json=conversion()))
    async with server.client() as client:
        assert (await client.conversions.get("c1")).id == "c1"


async def test_calls_that_keep_failing_end() -> None:
    server = in_turn(*(httpx.ReadError("") for _ in range(9)))
    async with server.client() as client:
        with pytest.raises(ServerUnreachable):
            await client.conversions.get("c1")
    assert len(server.seen) == 4


async def test_a_call_with_effects_is_not_repeated_after_a_lost_response() -> None:
    server = in_turn(httpx.ReadError(""), httpx.Response(200, json=conversion()))
    async with server.client() as client:
        with pytest.raises(ServerUnreachable):
            await client.conversions.cancel("c1")


async def test_a_call_with_effects_is_repeated_with_its_key_and_when_it_was_never_sent() -> None:
    done = httpx.Response(202, json=conversion())
    server = in_turn(httpx.ReadError(""), done, httpx.ConnectError(""), done)
    async with server.client() as client:
        await client.conversions.retry("c1")
        await client.conversions.cancel("c1")
    keys = [each.headers.get("idempotency-key") for each in server.seen]
    assert keys[0] == keys[1] is not None
    assert keys[2:] == [None, None]


async def test_a_problem_has_the_code_and_the_invalid_fields() -> None:
    errors = [{"field": "bitrate", "message": "must be from 64k to 320k"}]
    server = in_turn(problem(400, "invalid_request", errors=errors))
    async with server.client() as client:
        with pytest.raises(Problem, match=r"Refused: bitrate must be from 64k to 320k\.") as caught:
            await client.conversions.get("c1")
    assert (caught.value.code, caught.value.request_id) == ("invalid_request", "r1")


async def test_an_error_page_of_a_proxy_is_a_problem_too() -> None:
    server = in_turn(*(httpx.Response(502, html="<h1>Bad Gateway</h1>") for _ in range(4)))
    async with server.client() as client:
        with pytest.raises(Problem) as caught:
            await client.conversions.get("c1")
    assert caught.value.code == "http_502"


async def test_another_program_at_the_address_is_recognised() -> None:
    async with in_turn(httpx.Response(200, html="<h1>Welcome</h1>")).client() as client:
        with pytest.raises(Problem, match="the address of a Tonegate server"):
            await client.conversions.get("c1")


async def test_a_list_goes_through_all_pages() -> None:
    pages = ({"items": [conversion("c1")], "next_cursor": "more"}, {"items": [conversion("c2")]})
    server = in_turn(*(httpx.Response(200, json=page) for page in pages))
    async with server.client() as client:
        assert [each.id async for each in client.conversions.list()] == ["c1", "c2"]
    assert server.seen[1].url.params["cursor"] == "more"


def test_retry_after_may_be_a_time() -> None:
    assert parse_retry_after("Fri, 20 Nov 2026 10:00:05 GMT", now_s=1_795_168_800.0) == 5
    assert parse_retry_after("soon", now_s=0.0) is None


def test_pauses_grow_up_to_a_bound_and_end() -> None:
    policy = RetryPolicy(attempts=5, first_pause_s=1.0, longest_pause_s=3.0)
    pauses = [policy.pause_s(failures) for failures in range(1, 6)]
    assert pauses[-1] is None
    for pause_s, most in zip(pauses[:-1], (1.0, 2.0, 3.0, 3.0), strict=True):
        assert pause_s is not None
        assert most / 2 <= pause_s <= most
    assert policy.pause_s(1, retry_after_s=50.0) == 50.0

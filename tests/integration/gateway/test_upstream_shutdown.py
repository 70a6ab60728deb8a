"""Requests that a stopping service process refuses are retried once."""

import logging

import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig
from tests.integration.gateway.services import ReceivedRequest, Script, accept

CONVERSION = "/v1/conversions/c1"
VIDEO = {**SIGNED_IN, "Content-Type": "video/mp4"}
# How the services of `shared/http` refuse what they have not handled.
REFUSED = {"connection": "close", "retry-after": "1", "tonegate-unhandled": "stopping"}


def stopping(then: Script, refusals: int = 1) -> Script:
    """Refuses this many calls with 503 and closes the connection, as a stopping process does."""
    left = refusals

    async def script(seen: ReceivedRequest) -> None:
        nonlocal left
        await seen.read_body()
        if left:
            left -= 1
            seen.problem(503, "unavailable", **REFUSED)
            seen.writer.close()
        else:
            await then(seen)

    return script


async def found(seen: ReceivedRequest) -> None:
    seen.answer("200 OK", b'{"id":"c1"}', **{"content-type": "application/json"})


async def test_a_request_refused_by_a_stopping_process_is_retried_once(rig: Rig) -> None:
    rig.converter.script = stopping(found)
    async with rig.http.get(rig.url + CONVERSION, headers=SIGNED_IN) as answer:
        assert (answer.status, await answer.json()) == (200, {"id": "c1"})
    assert len(rig.converter.seen) == 2


async def test_a_request_is_sent_at_most_twice(rig: Rig) -> None:
    rig.converter.script = stopping(found, refusals=9)
    async with rig.http.get(rig.url + CONVERSION, headers=SIGNED_IN) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]
    assert len(rig.converter.seen) == 2


@pytest.mark.parametrize(("refusals", "status"), [(1, 204), (9, 503)])
async def test_a_call_of_the_account_service_is_sent_at_most_twice(
    rig: Rig, refusals: int, status: int
) -> None:
    """Signing out, for which a client waits that is about to leave."""

    async def done(seen: ReceivedRequest) -> None:
        seen.answer("204 No Content", b"")

    async def first_known(seen: ReceivedRequest) -> None:
        if seen.target == "/internal/introspect":
            said = msgspec.json.encode(rig.auth.tokens["t1"])
            seen.answer("200 OK", said, **{"content-type": "application/json"})
        else:
            await script(seen)

    script = stopping(done, refusals)
    rig.auth.script = first_known
    async with rig.http.post(rig.url + "/v1/auth/logout", headers=SIGNED_IN) as answer:
        assert answer.status == status
    assert [seen.target for seen in rig.auth.seen].count("/v1/auth/logout") == 2


async def test_a_503_on_a_kept_connection_is_not_retried(rig: Rig) -> None:
    async def full(seen: ReceivedRequest) -> None:
        seen.problem(503, "overloaded", **{"retry-after": "30"})

    rig.converter.script = full
    async with rig.http.get(rig.url + CONVERSION, headers=SIGNED_IN) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "overloaded")
    assert len(rig.converter.seen) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_what_a_stopping_process_has_handled_is_not_sent_again(rig: Rig, method: str) -> None:
    """Its HTTP server closes the connection with any response."""

    async def busy(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(503, "overloaded", connection="close", **{"retry-after": "1"})
        seen.writer.close()

    rig.converter.script = busy
    url = rig.url + (CONVERSION if method != "POST" else "/v1/conversions")
    async with rig.http.request(
        method, url, headers=VIDEO, data=b"video" if method == "POST" else None
    ) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "overloaded")
    assert len(rig.converter.seen) == 1


@pytest.mark.parametrize(("method", "status", "times"), [("GET", 200, 2), ("DELETE", 503, 1)])
async def test_of_requests_whose_connection_breaks_those_without_effects_are_sent_again(
    rig: Rig, method: str, status: int, times: int
) -> None:
    async def break_the_first(seen: ReceivedRequest) -> None:
        if len(rig.converter.seen) == 1:
            seen.writer.close()
        else:
            await found(seen)

    rig.converter.script = break_the_first
    async with rig.http.request(method, rig.url + CONVERSION, headers=SIGNED_IN) as answer:
        assert answer.status == status
    assert len(rig.converter.seen) == times


async def test_a_streamed_body_is_not_sent_again(rig: Rig) -> None:
    rig.converter.script = stopping(accept)
    async with rig.http.post(
        rig.url + "/v1/conversions", data=b"video", headers={**SIGNED_IN, "Content-Type": "video/mp4"}
    ) as answer:
        assert answer.status == 503
    assert len(rig.converter.seen) == 1


@pytest.mark.parametrize(("refusals", "status"), [(1, 202), (9, 503)])
async def test_an_upload_of_which_nothing_was_read_is_sent_at_most_twice(
    rig: Rig, refusals: int, status: int
) -> None:
    """The stopping process refuses it by its header, without 100 Continue."""
    left = refusals

    async def script(seen: ReceivedRequest) -> None:
        nonlocal left
        if left:
            left -= 1
            seen.problem(503, "unavailable", **REFUSED)
            seen.writer.close()
        else:
            await accept(seen)

    rig.converter.script = script
    async with rig.http.post(
        rig.url + "/v1/conversions", data=b"video", headers={**SIGNED_IN, "Content-Type": "video/mp4"}
    ) as answer:
        assert answer.status == status
    assert len(rig.converter.seen) == 2


async def test_an_introspection_is_retried_without_a_warning(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.converter.script = found

    async def active(seen: ReceivedRequest) -> None:
        said = msgspec.json.encode(rig.auth.tokens["t1"])
        seen.answer("200 OK", said, **{"content-type": "application/json"})

    rig.auth.script = stopping(active)
    async with rig.http.get(rig.url + CONVERSION, headers=SIGNED_IN) as answer:
        assert answer.status == 200
    assert len(rig.auth.seen) == 2
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

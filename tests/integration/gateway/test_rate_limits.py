"""Rate limits: counted requests, keys, headers, and outages of the store."""

import time
from typing import Any

import pytest
from limits import parse

from devstack.ports import free_port
from gateway.limits.redis_windows import RedisWindows
from shared.settings import Secret
from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ServiceStub

# Without a deadline of the gateway the request would never end.
NOT_LONG_S = 30


async def call(rig: Rig, method: str, path: str, **headers: str) -> tuple[int, Any]:
    body = {"email": "a@example.com", "password": "x"} if method == "POST" else None
    async with rig.http.request(method, rig.url + path, json=body, headers=headers) as answer:
        await answer.read()
        return answer.status, answer.headers


async def test_successful_and_failed_logins_are_counted() -> None:
    async with running(rate_login="2/hour") as rig:
        readings = [await call(rig, "POST", "/v1/auth/login") for _ in range(3)]

        assert [headers["RateLimit"].split(";")[1] for _, headers in readings] == ["r=1", "r=0", "r=0"]
        assert [status for status, _ in readings][2] == 429
        headers = readings[2][1]
        assert headers["RateLimit-Policy"] == '"login";q=2;w=3600'
        assert headers["RateLimit"] == f'"login";r=0;t={headers["Retry-After"]}'
        assert 1 <= int(headers["Retry-After"]) <= 3600
        assert headers["Content-Type"] == "application/problem+json"
        assert len(rig.auth.seen) == 2


async def test_rate_classes_are_counted_separately() -> None:
    async with running(rate_login="1/hour", rate_register="1/hour") as rig:
        for _ in range(2):
            await call(rig, "POST", "/v1/auth/login")
        status, headers = await call(rig, "POST", "/v1/auth/register")
        assert status != 429
        assert headers["RateLimit-Policy"].startswith('"register"')


@pytest.mark.parametrize("path", ["login/factor", "proof", "factors/f1/confirm"])
async def test_calls_that_take_a_code_are_counted_as_logins(path: str) -> None:
    async with running(rate_login="2/hour") as rig:
        for _ in range(2):
            await call(rig, "POST", f"/v1/auth/{path}", **SIGNED_IN)
        status, headers = await call(rig, "POST", f"/v1/auth/{path}", **SIGNED_IN)
        assert status == 429
        assert headers["RateLimit-Policy"] == '"login";q=2;w=3600'


@pytest.mark.parametrize(
    ("limit", "path"),
    [
        ("rate_upload", "/v1/conversions/c1/retry"),
        ("rate_webhook_test", "/v1/webhooks/w1/test"),
        ("rate_webhook_test", "/v1/webhooks/w1/deliveries/d1/replay"),
    ],
)
async def test_retries_count_as_uploads_and_messages_by_hand_have_a_class_of_their_own(
    limit: str, path: str
) -> None:
    changes: dict[str, Any] = {limit: "2/minute"}
    async with running(**changes) as rig:
        statuses = []
        for _ in range(3):
            async with rig.http.post(rig.url + path, headers=SIGNED_IN) as answer:
                statuses.append(answer.status)
        assert [each == 429 for each in statuses] == [False, False, True]
        assert (await call(rig, "GET", "/v1/conversions", **SIGNED_IN))[0] == 202


async def test_accounts_behind_one_address_have_separate_quotas() -> None:
    async with running(rate_default="1/hour") as rig:
        rig.auth.sign_in("t2", sub="u2", sid="s2")
        assert (await call(rig, "GET", "/v1/conversions", **SIGNED_IN))[0] == 202
        assert (await call(rig, "GET", "/v1/conversions", **SIGNED_IN))[0] == 429
        assert (await call(rig, "GET", "/v1/conversions", Authorization="Bearer t2"))[0] == 202


async def test_guessed_tokens_are_limited_before_introspection() -> None:
    async with running(rate_default="3/hour") as rig:
        statuses = [
            (await call(rig, "GET", "/v1/conversions", Authorization=f"Bearer guess{n}"))[0] for n in range(6)
        ]
        assert statuses == [401, 401, 401, 429, 429, 429]
        assert len(rig.auth.seen) == 3


async def test_requests_without_a_token_are_counted_too() -> None:
    async with running(rate_default="2/hour") as rig:
        assert [(await call(rig, "GET", "/v1/conversions"))[0] for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_checks_are_not_rate_limited(path: str) -> None:
    async with running(rate_default="1/hour") as rig:
        answers = [await call(rig, "GET", path) for _ in range(3)]
        assert [status for status, _ in answers] == [200, 200, 200]
        assert all("RateLimit" not in headers for _, headers in answers)
        assert [(await call(rig, "GET", "/v1/conversions"))[0] for _ in range(2)] == [401, 429]
        assert (await call(rig, "GET", path))[0] == 200


async def test_a_rate_limited_upload_does_not_reach_the_service() -> None:
    async with running(rate_upload="1/hour") as rig:
        for expected in (202, 429):
            async with rig.http.post(
                f"{rig.url}/v1/conversions", data=b"x" * 100_000, headers=SIGNED_IN
            ) as answer:
                assert answer.status == expected
        assert len(rig.converter.seen) == 1


@pytest.mark.parametrize(
    ("proxies", "addresses", "last"),
    [
        ((), ["1.1.1.1", "2.2.2.2"], 429),
        (("127.0.0.0/8",), ["1.1.1.1", "2.2.2.2"], 401),
        (("127.0.0.0/8",), ["9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"], 429),
        (("127.0.0.0/8", "10.0.0.0/8"), ["1.1.1.1, 10.0.0.1", "2.2.2.2, 10.0.0.1"], 401),
        (("127.0.0.0/8",), ["2001:db8::1", "2001:db8::2"], 429),
        (("127.0.0.0/8",), ["2001:db8::1", "2001:db8:0:1::1"], 401),
    ],
)
async def test_forwarded_addresses_are_accepted_from_trusted_proxies_only(
    proxies: tuple[str, ...], addresses: list[str], last: int
) -> None:
    async with running(rate_default="1/hour", trusted_proxies=proxies) as rig:
        statuses = [
            (await call(rig, "GET", "/v1/conversions", **{"X-Forwarded-For": address}))[0]
            for address in addresses
        ]
        assert statuses == [401, last]


async def test_limits_hold_during_an_outage_of_the_store() -> None:
    storage = Secret(f"redis://127.0.0.1:{free_port()}")
    async with running(rate_login="2/hour", rate_storage_url=storage) as rig:
        assert [(await call(rig, "POST", "/v1/auth/login"))[0] == 429 for _ in range(3)] == [
            False,
            False,
            True,
        ]
        async with rig.http.get(f"{rig.url}/readyz") as answer:
            assert answer.status == 200
            assert (await answer.json())["checks"]["rate_limit_storage"] == "down"


async def test_an_unavailable_store_is_retried_after_a_pause() -> None:
    windows = RedisWindows(f"redis://127.0.0.1:{free_port()}")
    started = time.monotonic()
    allowed = [(await windows.hit(parse("2/hour"), "a"))[0] for _ in range(5)]
    windows.close()
    assert allowed == [True, True, False, False, False]
    assert time.monotonic() - started < NOT_LONG_S


async def test_a_hanging_store_does_not_delay_requests() -> None:
    async with ServiceStub() as silent:
        windows = RedisWindows(silent.url.replace("http", "redis"))
        started = time.monotonic()
        for _ in range(5):
            await windows.hit(parse("10/hour"), "a")
        windows.close()
        assert time.monotonic() - started < NOT_LONG_S

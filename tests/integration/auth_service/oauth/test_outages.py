"""Unavailable and slow providers: 503 within seconds, without effect on other requests."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from auth_service.oauth.service import PROVIDER_TIMEOUT_S
from tests.integration.auth_service.oauth.rig import OAuthRig, issuer, knowing, named, refusal
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, LyingIssuer, lying
from tests.support.wait import PATIENCE_S

AWAY = (503, "unavailable")


@pytest.fixture
async def provider() -> AsyncIterator[LyingIssuer]:
    async with lying() as issuer:
        yield issuer


@pytest.fixture
async def rig(postgres_url: str, provider: LyingIssuer) -> AsyncIterator[OAuthRig]:
    nobody = issuer("nobody", "http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)
    known = named(issuer("corp", provider.url, CLIENT_ID, CLIENT_SECRET), nobody)
    async with knowing(postgres_url, **known) as rig:
        yield rig


async def test_an_unreachable_provider_is_503(rig: OAuthRig) -> None:
    answer = await rig.start("nobody")
    assert refusal(answer) == AWAY
    assert answer.headers["Retry-After"]
    assert "127.0.0.1:9" not in answer.text
    assert (await rig.replica.readiness()).status_code == 200, "it is no part of our own health"


async def test_all_logins_that_wait_for_a_slow_provider_fail_within_seconds(
    rig: OAuthRig, provider: LyingIssuer
) -> None:
    provider.hold = asyncio.Event()
    started = time.monotonic()
    answers = await asyncio.gather(*(rig.start() for _ in range(10)))
    assert {refusal(answer) for answer in answers} == {AWAY}
    assert time.monotonic() - started < PROVIDER_TIMEOUT_S + PATIENCE_S
    assert len(provider.asked) == 1, "one asked for all of them"
    provider.hold.set()
    rig.clock.advance(seconds=10)
    assert (await rig.start()).status_code == 200


async def test_a_provider_that_fails_at_the_callback_is_503(rig: OAuthRig, provider: LyingIssuer) -> None:
    attempt = await rig.begin()
    provider.status = 502
    back = {"code": "code", "state": attempt.asked["state"]}
    assert refusal(await attempt.come_back(back)) == AWAY


async def test_cached_metadata_is_used_while_the_provider_is_unavailable(
    rig: OAuthRig, provider: LyingIssuer
) -> None:
    await rig.begin()
    provider.status = 503
    rig.clock.advance(hours=2)
    assert (await rig.start()).status_code == 200
    rig.clock.advance(days=1)
    assert refusal(await rig.start()) == AWAY

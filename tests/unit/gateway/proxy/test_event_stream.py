"""Event streams end when their caller's access ends: by event, by expiry or at the periodic check."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from litestar import Request

from gateway.identity.token_cache import TokenCache
from gateway.proxy.event_stream import LOOKUP_INTERVAL, Watch, Watches
from tests.unit.gateway.identity.test_token_cache import AuthService, principal

MOMENT = timedelta(seconds=1)


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Gateway:
    """One account's stream in a gateway whose clock the test sets."""

    clock: Clock = field(default_factory=Clock)
    auth: AuthService = field(default_factory=AuthService)

    def __post_init__(self) -> None:
        self.auth.known = {"t": principal("s1", expires_at=self.clock.now + 900)}
        self.tokens = TokenCache(self.auth.introspect, MOMENT, monotonic=self.clock, wall=self.clock)
        self.watches = Watches(self.tokens, wall=self.clock)

    def stream(self, session: str = "s1") -> "Stream":
        scope = {
            "type": "http",
            "headers": [(b"authorization", b"Bearer t")],
            "state": {},
            "user": principal(session, expires_at=self.clock.now + 900),
        }
        return Stream(self.watches.open(Request(cast("Any", scope))), scope)


class Stream:
    def __init__(self, watch: Watch, scope: dict[str, Any]) -> None:
        self.ended = 0
        self.scope = scope
        watch.on_end(self._end)

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


async def test_a_revoked_session_ends_its_streams_and_no_others(gateway: Gateway) -> None:
    one, other = gateway.stream("s1"), gateway.stream("s2")
    gateway.tokens.revoke_session("s1")
    gateway.tokens.revoke_session("s1")
    assert (one.ended, other.ended) == (1, 0)


async def test_a_stream_ends_with_its_token(gateway: Gateway) -> None:
    stream = gateway.stream()
    gateway.clock.now += 899
    await gateway.watches.round()
    assert stream.ended == 0
    gateway.clock.now += 1
    await gateway.watches.round()
    assert stream.ended == 1


async def test_lost_access_without_an_event_is_detected_within_a_minute(gateway: Gateway) -> None:
    stream = gateway.stream()
    gateway.auth.known.clear()
    await gateway.watches.round()
    assert stream.ended == 0
    gateway.clock.now += LOOKUP_INTERVAL.total_seconds()
    await gateway.watches.round()
    assert stream.ended == 1


async def test_access_is_checked_at_once_after_a_gap_or_an_account_change(
    gateway: Gateway,
) -> None:
    stream = gateway.stream()
    gateway.tokens.forget_user("somebody else")
    await gateway.watches.round()
    gateway.tokens.forget_all()
    await gateway.watches.round()
    assert stream.ended == 0
    gateway.auth.known.clear()
    gateway.tokens.forget_user(principal("s1").user_id)
    await gateway.watches.round()
    assert stream.ended == 1


async def test_a_stream_continues_while_auth_service_is_unavailable(gateway: Gateway) -> None:
    stream = gateway.stream()
    gateway.auth.broken = True
    gateway.clock.now += LOOKUP_INTERVAL.total_seconds()
    await gateway.watches.round()
    assert stream.ended == 0


async def test_a_stream_started_during_shutdown_ends_at_once(gateway: Gateway) -> None:
    gateway.watches.close()
    assert gateway.stream().ended == 1


async def test_a_finished_request_is_removed(gateway: Gateway) -> None:
    stream = gateway.stream()
    assert len(gateway.watches) == 1
    for act in stream.scope["state"]["release"]:
        act()
    assert len(gateway.watches) == 0

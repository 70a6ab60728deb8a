"""Token cache: TTL, bounds, single flight, and entries dropped on revocation."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest

from gateway.identity.principal import Principal
from gateway.identity.token_cache import TokenCache
from shared.errors import Overloaded, Unavailable
from tests.support.wait import until

TTL = timedelta(seconds=5)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class AuthService:
    """Stub of auth_service that introspects tokens; waits for `hold` if it is set."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None
        self.broken = False

    async def introspect(self, token: str) -> Principal | None:
        self.asked.append(token)
        answer = self.known.get(token)
        if self.hold is not None:
            await self.hold.wait()
        if self.broken:
            raise Unavailable
        return answer


def principal(session: str | None = "s1", expires_at: float = 9000.0) -> Principal:
    return Principal(
        user_id="u1",
        email="a@example.com",
        roles=frozenset({"user"}),
        expires_at=expires_at,
        session_id=session,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth() -> AuthService:
    return AuthService()


def cache(auth: AuthService, clock: Clock, *, capacity: int = 100, at_once: int = 100) -> TokenCache:
    return TokenCache(
        auth.introspect, TTL, capacity=capacity, max_lookups=at_once, monotonic=clock, wall=clock
    )


async def under_way(auth: AuthService, count: int = 1) -> None:
    await until(lambda: len(auth.asked) >= count)


async def test_an_answer_is_cached_for_its_ttl_only(auth: AuthService, clock: Clock) -> None:
    auth.known["t"] = principal()
    tokens = cache(auth, clock)
    for _ in range(3):
        assert await tokens.look_up("t") == principal()
    clock.now += 4.9
    await tokens.look_up("t")
    assert auth.asked == ["t"]
    clock.now += 0.2
    await tokens.look_up("t")
    assert auth.asked == ["t", "t"]


async def test_an_answer_is_never_cached_beyond_the_tokens_expiry(auth: AuthService, clock: Clock) -> None:
    auth.known["t"] = principal(expires_at=clock.now + 2)
    tokens = cache(auth, clock)
    await tokens.look_up("t")
    clock.now += 2.1
    assert tokens.cached("t") is None


async def test_a_refusal_is_cached_too(auth: AuthService, clock: Clock) -> None:
    tokens = cache(auth, clock)
    assert [await tokens.look_up("x"), await tokens.look_up("x")] == [None, None]
    assert auth.asked == ["x"]


async def test_a_failure_is_not_cached(auth: AuthService, clock: Clock) -> None:
    auth.known["t"], auth.broken = principal(), True
    tokens = cache(auth, clock)
    with pytest.raises(Unavailable):
        await tokens.look_up("t")
    auth.broken = False
    assert await tokens.look_up("t") == principal()


async def test_the_tokens_themselves_are_not_kept(auth: AuthService, clock: Clock) -> None:
    tokens = cache(auth, clock)
    await tokens.look_up("a-very-secret-token")
    assert "a-very-secret-token" not in repr(vars(tokens))


async def test_the_cache_is_bounded_and_drops_the_least_recently_used(
    auth: AuthService, clock: Clock
) -> None:
    tokens = cache(auth, clock, capacity=2)
    for token in "abc":
        auth.known[token] = principal(session=token)
    await tokens.look_up("a")
    await tokens.look_up("b")
    await tokens.look_up("a")
    await tokens.look_up("c")
    assert (tokens.cached("b"), len(tokens)) == (None, 2)
    assert tokens.cached("a") is not None


async def test_invalid_tokens_do_not_evict_valid_ones(auth: AuthService, clock: Clock) -> None:
    tokens = cache(auth, clock, capacity=2)
    auth.known["t"] = principal()
    await tokens.look_up("t")
    for n in range(10):
        await tokens.look_up(f"made-up-{n}")
    assert tokens.cached("t") is not None
    assert len(tokens) == 3


async def test_concurrent_lookups_share_one_introspection(auth: AuthService, clock: Clock) -> None:
    auth.known["t"], auth.hold = principal(), asyncio.Event()
    tokens = cache(auth, clock)
    asking = [asyncio.create_task(tokens.look_up("t")) for _ in range(10)]
    await under_way(auth)
    auth.hold.set()
    assert await asyncio.gather(*asking) == [principal()] * 10
    assert auth.asked == ["t"]


@pytest.mark.parametrize("leaver", [0, 1])
async def test_a_cancelled_lookup_does_not_fail_the_others(
    auth: AuthService, clock: Clock, leaver: int
) -> None:
    auth.known["t"], auth.hold = principal(), asyncio.Event()
    tokens = cache(auth, clock)
    asking = [asyncio.create_task(tokens.look_up("t")) for _ in range(3)]
    await under_way(auth)
    asking[leaver].cancel()
    await asyncio.sleep(0)
    auth.hold.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers.pop(leaver), asyncio.CancelledError)
    assert answers == [principal(), principal()]
    assert auth.asked == ["t"]


async def test_an_abandoned_introspection_may_fail_silently(auth: AuthService, clock: Clock) -> None:
    auth.hold, auth.broken = asyncio.Event(), True
    tokens = cache(auth, clock)
    asking = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    auth.hold.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(tokens) == 0


async def test_tokens_of_a_revoked_session_are_dropped_and_no_others(auth: AuthService, clock: Clock) -> None:
    tokens = cache(auth, clock)
    auth.known = {"a": principal("s1"), "b": principal("s1"), "c": principal("s2")}
    for token in auth.known:
        await tokens.look_up(token)
    tokens.revoke_session("s1")
    assert [tokens.cached(token) is None for token in "abc"] == [True, True, False]


async def test_a_revocation_overrides_a_pending_lookup(auth: AuthService, clock: Clock) -> None:
    auth.known["t"], auth.hold = principal("s1"), asyncio.Event()
    tokens = cache(auth, clock)
    asking = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth)
    tokens.revoke_session("s1")
    auth.hold.set()
    assert await asking is None
    verdict = tokens.cached("t")
    assert verdict is None or verdict.principal is None


async def test_a_lookup_joined_after_the_revocation_is_refused_too(auth: AuthService, clock: Clock) -> None:
    auth.known["t"], auth.hold = principal("s1"), asyncio.Event()
    tokens = cache(auth, clock)
    first = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth)
    tokens.revoke_session("s1")
    second = asyncio.create_task(tokens.look_up("t"))
    await asyncio.sleep(0)
    auth.hold.set()
    assert (await first, await second) == (None, None)


async def test_after_a_gap_every_token_is_introspected_again(auth: AuthService, clock: Clock) -> None:
    tokens = cache(auth, clock)
    auth.known["t"] = principal()
    await tokens.look_up("t")
    await tokens.look_up("x")
    tokens.forget_all()
    assert len(tokens) == 0
    await tokens.look_up("t")
    assert auth.asked == ["t", "x", "t"]


async def test_an_answer_from_before_a_gap_is_neither_cached_nor_shared(
    auth: AuthService, clock: Clock
) -> None:
    auth.known["t"], auth.hold = principal(), asyncio.Event()
    tokens = cache(auth, clock)
    before = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth)
    tokens.forget_all()
    after = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth, 2)
    tokens.revoke_session("s1")
    auth.hold.set()
    assert (await before, await after) == (None, None)
    assert auth.asked == ["t", "t"]


async def test_after_an_account_change_only_its_tokens_are_introspected_again(
    auth: AuthService, clock: Clock
) -> None:
    cache = TokenCache(auth.introspect, TTL, monotonic=clock, wall=clock)
    auth.known = {
        "a": principal("s1"),
        "b": principal("s2"),
        "c": msgspec.structs.replace(principal("s3"), user_id="u2"),
    }
    for token in auth.known:
        await cache.look_up(token)
    cache.forget_user("u1")
    assert [cache.cached(token) is not None for token in "abc"] == [False, False, True]
    assert await cache.look_up("a") is not None
    cache.revoke_session("s1")
    assert cache.cached("a") is None


async def test_an_answer_from_before_a_change_is_neither_cached_nor_shared(
    auth: AuthService, clock: Clock
) -> None:
    cache = TokenCache(auth.introspect, TTL, monotonic=clock, wall=clock)
    auth.known, auth.hold = {"a": principal()}, asyncio.Event()
    early = asyncio.create_task(cache.look_up("a"))
    await until(lambda: len(auth.asked) == 1)
    auth.known = {}
    with suppress(Unavailable), cache.changing("u1"):
        raise Unavailable
    late = asyncio.create_task(cache.look_up("a"))
    await until(lambda: len(auth.asked) == 2)
    auth.hold.set()
    assert (await early, await late) == (principal(), None)
    assert await cache.look_up("a") is None


async def test_pending_introspections_are_bounded(auth: AuthService, clock: Clock) -> None:
    auth.hold = asyncio.Event()
    tokens = cache(auth, clock, at_once=2)
    asking = [asyncio.create_task(tokens.look_up(token)) for token in "ab"]
    await under_way(auth, 2)
    with pytest.raises(Overloaded):
        await tokens.look_up("c")
    auth.hold.set()
    await asyncio.gather(*asking)
    assert await tokens.look_up("c") is None


async def test_close_cancels_pending_introspections(auth: AuthService, clock: Clock) -> None:
    auth.hold = asyncio.Event()
    tokens = cache(auth, clock)
    asking = asyncio.create_task(tokens.look_up("t"))
    await under_way(auth)
    await tokens.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking

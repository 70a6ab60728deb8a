"""Burst of 200 concurrent logins through gateway and auth_service, and latency of other calls meanwhile.

The other calls start at fixed times, whether or not earlier ones have finished, and are timed from their
scheduled start, so that slow responses do not reduce the load (no coordinated omission).
"""

import asyncio
import math
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import cycle

import aiohttp
import msgspec
import uvloop

from bench.system import measured_system

AT_ONCE = 200
ROUNDS = 3
EVERY_S = 0.05
CALM_S = 3.0
# Longer than the gateway caches a token.
FORGOTTEN_S = 6.0
PASSWORD = secrets.token_urlsafe(16)
SETTINGS = {
    "GATEWAY_RATE_LIMIT_LOGIN": "1000000/minute",
    "GATEWAY_RATE_LIMIT_REGISTER": "1000000/hour",
    "AUTH_ACCESS_TOKEN_TTL": "2h",
}

Call = Callable[[], Awaitable[object]]


class Burst(msgspec.Struct, frozen=True):
    """Statuses of the logins, and seconds until each response."""

    statuses: list[int]
    seconds: list[float]


def main() -> None:
    with measured_system("auth", "converter", "gateway", settings=SETTINGS) as system:
        uvloop.run(measured(system.stack.url, system.stack.service("auth").url))


async def measured(gateway: str, service: str) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as http:
        client = Client(http, gateway, service)
        await client.prepare()
        calm: dict[str, list[float]] = {}
        during: dict[str, list[float]] = {}
        bursts = []
        for _ in range(ROUNDS):
            await asyncio.sleep(FORGOTTEN_S)
            merge(calm, await watched(client.others(), asyncio.sleep(CALM_S)))
            await asyncio.sleep(FORGOTTEN_S)
            burst = asyncio.create_task(client.burst())
            merge(during, await watched(client.others(), burst))
            bursts.append(await burst)
    report(bursts, calm, during)


class Client:
    """Makes the calls; `emails` have an account and a token each."""

    def __init__(self, http: aiohttp.ClientSession, gateway: str, service: str) -> None:
        self._http, self._gateway, self._service = http, gateway, service
        self._emails = [f"{secrets.token_hex(8)}@example.org" for _ in range(AT_ONCE)]
        self._tokens: list[str] = []

    async def prepare(self) -> None:
        """Creates the accounts, a few at a time."""
        waiting = iter(self._emails)

        async def some() -> None:
            for email in waiting:
                await self._post("/v1/auth/register", email)
                _, answer = await self._post("/v1/auth/login", email)
                self._tokens.append(answer["access_token"])

        await asyncio.gather(*(some() for _ in range(4)))

    async def burst(self) -> Burst:
        began = time.perf_counter()

        async def sign_in(email: str) -> tuple[int, float]:
            status, _ = await self._post("/v1/auth/login", email)
            return status, time.perf_counter() - began

        answers = await asyncio.gather(*(sign_in(email) for email in self._emails))
        return Burst([status for status, _ in answers], [seconds for _, seconds in answers])

    def others(self) -> Mapping[str, Call]:
        """Other calls: one with a cached token, one with tokens that the gateway must introspect."""
        known, unknown = self._tokens[0], cycle(self._tokens[1:])
        return {
            "gateway /healthz": lambda: self._get(f"{self._gateway}/healthz"),
            "auth_service /healthz": lambda: self._get(f"{self._service}/healthz"),
            "me, token known": lambda: self._me(known),
            "me, token unknown": lambda: self._me(next(unknown)),
        }

    async def _me(self, token: str) -> None:
        await self._get(f"{self._gateway}/v1/auth/me", {"Authorization": f"Bearer {token}"})

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        async with self._http.get(url, headers=headers) as answer:
            await answer.read()
            answer.raise_for_status()

    async def _post(self, path: str, email: str) -> tuple[int, dict[str, str]]:
        body = {"email": email, "password": PASSWORD}
        async with self._http.post(f"{self._gateway}{path}", json=body) as answer:
            return answer.status, await answer.json(content_type=None)


async def watched(calls: Mapping[str, Call], until: Awaitable[object]) -> dict[str, list[float]]:
    """Returns the milliseconds of each call by name, from its scheduled start."""
    end = asyncio.ensure_future(until)
    times: dict[str, list[float]] = {name: [] for name in calls}

    async def timed(name: str, due: float) -> None:
        try:
            await calls[name]()
        except (aiohttp.ClientError, TimeoutError):
            times[name].append(math.inf)  # not answered at all
        else:
            times[name].append((time.perf_counter() - due) * 1000)

    async with asyncio.TaskGroup() as group:
        for due in ticks():
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if end.done():
                break
            for name in calls:
                group.create_task(timed(name, due))
    return times


def ticks() -> Iterator[float]:
    due = time.perf_counter()
    while True:
        due += EVERY_S
        yield due


def merge(into: dict[str, list[float]], more: Mapping[str, list[float]]) -> None:
    for name, times in more.items():
        into.setdefault(name, []).extend(times)


def report(
    bursts: Sequence[Burst], calm: Mapping[str, list[float]], during: Mapping[str, list[float]]
) -> None:
    for burst in bursts:
        answered = burst.statuses.count(200)
        half, last = statistics.median(burst.seconds), max(burst.seconds)
        refused = f"{AT_ONCE - answered} refused" if answered < AT_ONCE else "none refused"
        rate = f"{answered / last:.0f}/s; half within {half:.1f} s, all within {last:.1f} s"
        print(f"sign-ins: {answered} of {AT_ONCE} signed in, {refused}, {rate}")
    for name, times in during.items():
        print(f"sign-ins: {name}: {spread(times)}; in calm {spread(calm[name])}")


def spread(times_ms: Sequence[float]) -> str:
    ordered = sorted(times_ms)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    failed = ordered.count(math.inf)
    summary = f"p50 {statistics.median(ordered):.1f} ms, p99 {p99:.1f} ms, most {ordered[-1]:.1f} ms"
    return f"{summary}, {failed} of {len(ordered)} failed" if failed else summary


if __name__ == "__main__":
    main()

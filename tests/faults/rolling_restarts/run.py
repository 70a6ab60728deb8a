"""One run: clients send requests while services are restarted."""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from devstack.stack import Stack
from tests.faults.rolling_restarts.calls import Calls
from tests.faults.rolling_restarts.chromium_client import use_chromium
from tests.faults.rolling_restarts.curl_client import use_curl
from tests.faults.rolling_restarts.node_client import use_node
from tests.faults.rolling_restarts.python_clients import is_over, use_aiohttp, use_httpx
from tests.faults.rolling_restarts.restarts import REPLICAS, Restarts
from tests.faults.rolling_restarts.tally import Tally, known_codes
from tests.support.client import Person, signed_in
from tests.support.system import SETTINGS as SYSTEM_SETTINGS
from tests.support.wait import until

SETTINGS: Mapping[str, str] = {**SYSTEM_SETTINGS, "AUTH_ACCESS_TOKEN_TTL": "12h"}
SESSIONS_OF_AN_ACCOUNT = 8
REFILL_S = 0.5
# A browser opens six connections to one host.
BROWSER_CLIENTS = 6
KINDS = {"httpx": use_httpx, "aiohttp": use_aiohttp, "curl": use_curl, "Node.js": use_node}


@dataclass(frozen=True)
class Load:
    """`restarts` of every service, with pauses of up to `between_s`; `clients` of each kind; `sessions` is
    the number of sessions kept to sign out of; `profile` is where the data of Chromium goes, None for a run
    without it.
    """

    restarts: int = 100
    seed: int = 1
    clients: int = 10
    sessions: int = 60
    longest_pause_s: float = 90.0
    between_s: float = 8.0
    profile: Path | None = None


@dataclass
class Report:
    """Results by kind of client, and the restarts."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    restarts: Restarts = field(default_factory=Restarts)

    @property
    def problems(self) -> list[str]:
        of_clients = (f"{kind}: {each}" for kind, tally in self.tallies.items() for each in tally.problems)
        return [*self.restarts.wrong, *of_clients]


async def run_restarts(stack: Stack, load: Load) -> Report:
    """Needs a running stack with SETTINGS, of which `use_two_gateways` was called before its start."""
    sessions = deque[str]()
    token = await _token(stack.url)
    urls = [stack.service(name).url for name in REPLICAS["gateway"]]
    over, report, codes = asyncio.Event(), Report(), known_codes()

    def calls(name: str) -> Calls:
        return Calls(random.Random(f"{load.seed} {name}"), token, sessions, load.longest_pause_s)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_sessions(urls, sessions, load.sessions, over))
        with suppress(AssertionError):  # then fewer clients sign out at first
            await until(lambda: len(sessions) >= load.sessions, what="sessions to sign out of")
        for kind, use in KINDS.items():
            tally = report.tallies[kind] = Tally(codes)
            for number in range(load.clients):
                url = urls[number % len(urls)]
                tasks.create_task(use(url, calls(f"{kind} {number}"), tally, over))
        if load.profile is not None:
            tally = report.tallies["Chromium"] = Tally(codes)
            use_browser = partial(
                use_chromium, profile=load.profile, clients=min(load.clients, BROWSER_CLIENTS)
            )
            tasks.create_task(use_browser(urls[0], calls("Chromium"), tally, over))
        try:
            await report.restarts.of_every_service(stack, load.restarts, load.seed, load.between_s)
        finally:
            over.set()
    return report


def use_two_gateways(stack: Stack) -> None:
    """Adds the second replica, which starts with the others."""
    for name in REPLICAS["gateway"]:
        stack.service(name)


async def _token(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        return str((await signed_in(http)).tokens["access_token"])


async def _keep_sessions(urls: Sequence[str], sessions: deque[str], count: int, over: asyncio.Event) -> None:
    """Signs in whenever fewer than `count` sessions are left to sign out of, also while services restart."""
    limits = httpx.Limits(max_keepalive_connections=0)
    for url in itertools.cycle(urls):
        if over.is_set():
            return
        if len(sessions) >= count:
            await is_over(over, REFILL_S)
            continue
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as http:
            with suppress(httpx.HTTPError, AssertionError):
                first = await signed_in(http)
                for _ in range(SESSIONS_OF_AN_ACCOUNT):
                    other = Person(http, first.email)
                    (await other.sign_in()).raise_for_status()
                    sessions.append(other.tokens["access_token"])
        await is_over(over, REFILL_S)

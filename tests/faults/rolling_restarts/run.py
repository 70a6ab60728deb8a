"""One run: clients send requests while services are restarted."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from devstack.stack import Stack
from tests.faults.rolling_restarts.calls import Calls
from tests.faults.rolling_restarts.chromium_client import use_chromium
from tests.faults.rolling_restarts.curl_client import use_curl
from tests.faults.rolling_restarts.node_client import use_node
from tests.faults.rolling_restarts.python_clients import use_aiohttp, use_httpx
from tests.faults.rolling_restarts.restarts import restart_in_turn
from tests.faults.rolling_restarts.tally import Tally, known_codes
from tests.support.client import Person, signed_in
from tests.support.system import SETTINGS as SYSTEM_SETTINGS

SETTINGS: Mapping[str, str] = {**SYSTEM_SETTINGS, "AUTH_ACCESS_TOKEN_TTL": "12h"}
SESSIONS_OF_AN_ACCOUNT = 8
# A browser opens six connections to one host.
BROWSER_CLIENTS = 6
KINDS = {"httpx": use_httpx, "aiohttp": use_aiohttp, "curl": use_curl, "Node.js": use_node}


@dataclass(frozen=True)
class Load:
    """`clients` of each kind; `sessions` is the number of sessions to sign out of; `profile` is where
    the data of Chromium goes, None for a run without it.
    """

    restarts: int = 100
    seed: int = 1
    clients: int = 10
    sessions: int = 60
    longest_pause_s: float = 90.0
    between_s: float = 3.0
    profile: Path | None = None


@dataclass
class Report:
    """Results by kind of client, and unclean exits."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        of_clients = (f"{kind}: {each}" for kind, tally in self.tallies.items() for each in tally.problems)
        return [*self.wrong, *of_clients]


async def run_restarts(stack: Stack, load: Load) -> Report:
    """Needs a running stack with SETTINGS."""
    rng = random.Random(f"{load.seed} restarts")
    token, sessions = await _tokens(stack.url, load.sessions)
    over, report, codes = asyncio.Event(), Report(), known_codes()

    def calls(name: str) -> Calls:
        return Calls(random.Random(f"{load.seed} {name}"), token, sessions, load.longest_pause_s)

    async with asyncio.TaskGroup() as tasks:
        for kind, use in KINDS.items():
            tally = report.tallies[kind] = Tally(codes)
            for number in range(load.clients):
                tasks.create_task(use(stack.url, calls(f"{kind} {number}"), tally, over))
        if load.profile is not None:
            tally = report.tallies["Chromium"] = Tally(codes)
            use_browser = partial(
                use_chromium, profile=load.profile, clients=min(load.clients, BROWSER_CLIENTS)
            )
            tasks.create_task(use_browser(stack.url, calls("Chromium"), tally, over))
        try:
            report.wrong += await restart_in_turn(stack, load.restarts, rng, load.between_s)
        finally:
            over.set()
    return report


async def _tokens(url: str, count: int) -> tuple[str, list[str]]:
    """An access token, and those of `count` sessions of other accounts: one account has a limited number."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        person = await signed_in(http)
        sessions = list[str]()
        while len(sessions) < count:
            first = await signed_in(http)
            for _ in range(SESSIONS_OF_AN_ACCOUNT):
                other = Person(http, first.email)
                (await other.sign_in()).raise_for_status()
                sessions.append(other.tokens["access_token"])
        return person.tokens["access_token"], sessions

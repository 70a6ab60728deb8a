"""`/readyz` lists stopped, frozen and unreachable dependencies; calls return 503; all recovers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from tests.faults.expected_readiness import (
    ANSWERED_WITHIN_S,
    lacking,
    links_to,
    may_be_ready,
)
from tests.faults.faulty_system import SERVICES, FaultySystem
from tests.faults.proxy import LinkState
from tests.faults.run import running
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.wait import until

REPORTED_WITHIN_S = 20.0
BACK_WITHIN_S = 60.0
# Longer than the timeout of any call.
CALLED_WITHIN_S = 15.0
# Cached tokens would hide the outage of auth_service.
NO_MEMORY = {"GATEWAY_TOKEN_CACHE_TTL": "0.1s"}
OK, UNAVAILABLE = 200, 503
# Call → parts that it requires.
CALLS: Mapping[str, frozenset[str]] = {
    "login": frozenset({"auth", "postgres"}),
    "me": frozenset({"auth", "postgres"}),
    "list": frozenset({"auth", "postgres", "converter", "mongo"}),
    "link": frozenset({"converter", "mongo"}),
    "webhooks": frozenset({"auth", "postgres", "notification", "mongo"}),
}


@dataclass(frozen=True)
class Outage:
    """Broken parts, and how they are broken."""

    how: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.how} {' and '.join(self.parts)}"

    async def begin(self, system: FaultySystem) -> None:
        act = ACTS[self.how]
        for part in self.parts:
            await asyncio.to_thread(act, system, part)


def turned(state: LinkState) -> Callable[[FaultySystem, str], None]:
    def act(system: FaultySystem, part: str) -> None:
        for link in links_to(part):
            system.turn(link, state)

    return act


ACTS: Mapping[str, Callable[[FaultySystem, str], None]] = {
    "dead": lambda system, part: system.kill(part),
    "frozen": lambda system, part: system.freeze(part),
    "cut off": turned(LinkState.CUT),
    "half-open": turned(LinkState.SILENT),
}
OUTAGES = (
    Outage("frozen", ("postgres",)),
    Outage("frozen", ("mongo",)),
    Outage("frozen", ("rabbitmq", "mail")),
    Outage("cut off", ("auth", "mongo", "rabbitmq")),
)


@dataclass
class Visitor:
    """Makes each of the calls."""

    person: Person
    link: str
    answers: dict[str, httpx.Response] = field(default_factory=dict)

    async def call(self, name: str) -> httpx.Response:
        person = self.person
        match name:
            case "login":
                return await Person(person.http, person.email).sign_in()
            case "me":
                return await person.get("/v1/auth/me")
            case "list":
                return await person.get("/v1/conversions")
            case "link":
                return await person.http.get(self.link)
            case _:
                return await person.get("/v1/webhooks")

    async def every_call(self) -> dict[str, httpx.Response]:
        async with asyncio.timeout(CALLED_WITHIN_S):
            answers = await asyncio.gather(*(self.call(name) for name in CALLS))
        return dict(zip(CALLS, answers, strict=True))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultySystem]:
    with running(tmp_path_factory.mktemp("readiness"), given=NO_MEMORY) as system:
        yield system


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    return Media(tmp_path_factory.mktemp("media"))


@pytest.fixture
async def visitor(system: FaultySystem, media: Media) -> AsyncIterator[Visitor]:
    async with httpx.AsyncClient(base_url=system.urls[0], timeout=30) as http:
        person = await signed_in(http)
        identity = (await person.upload(media.video(seconds=1))).json()["id"]
        await person.finished(identity)
        link = (await person.post(f"/v1/conversions/{identity}/link")).json()["url"]
        yield Visitor(person, link)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("outage", OUTAGES, ids=str)
async def test_readyz_lists_missing_dependencies_and_dependent_calls_fail(
    system: FaultySystem, visitor: Visitor, outage: Outage
) -> None:
    await outage.begin(system)
    try:
        broken = frozenset(outage.parts if outage.how in {"dead", "frozen"} else links_to(*outage.parts))
        async with httpx.AsyncClient(timeout=ANSWERED_WITHIN_S) as http, asyncio.TaskGroup() as at_once:
            for name in SERVICES:
                at_once.create_task(_reports(http, system, name, broken))
        for call, answer in (await visitor.every_call()).items():
            _is_as_it_should_be(call, answer, is_lacking=not CALLS[call].isdisjoint(outage.parts))
    finally:
        await asyncio.to_thread(system.revive)
    await until(lambda: asyncio.to_thread(system.is_ready), timeout_s=BACK_WITHIN_S, what="all to be ready")
    for call, answer in (await visitor.every_call()).items():
        _is_as_it_should_be(call, answer, is_lacking=False)


async def _reports(http: httpx.AsyncClient, system: FaultySystem, name: str, broken: frozenset[str]) -> None:
    """Checks `/readyz` of every service that is not broken itself."""
    url = system.stack.service(name).url
    if name in broken:
        return
    reports_it = partial(
        _names_missing, http, url, lacking(name, broken), is_ready=may_be_ready(name, broken)
    )
    await until(reports_it, timeout_s=REPORTED_WITHIN_S, what=f"{name} to report that {broken} are broken")
    assert await reports_it()
    assert (await http.get(f"{url}/healthz")).status_code == OK


async def _names_missing(
    http: httpx.AsyncClient, url: str, lacks: Mapping[str, str], *, is_ready: bool
) -> bool:
    answer = await http.get(f"{url}/readyz")
    down = {name for name, state in answer.json()["checks"].items() if state != "ok"}
    status = OK if is_ready else UNAVAILABLE
    assert (answer.status_code, down - {"dead_letters"}) == (status, set(lacks.values())), answer.json()
    return True


def _is_as_it_should_be(call: str, answer: httpx.Response, *, is_lacking: bool) -> None:
    if is_lacking:
        assert (answer.status_code, answer.json()["code"]) == (UNAVAILABLE, "unavailable"), call
        assert int(answer.headers["retry-after"]) >= 1, call
    else:
        assert answer.status_code == OK, f"{call}: {answer.status_code} {answer.text}"

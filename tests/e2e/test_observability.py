"""Prometheus scrapes the running system: every query of every panel and alert has data under load."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from deploy.observability.dashboards import dashboards
from devstack.home import Home
from devstack.service import COMMANDS
from tests.deploy.observability.test_rules import ALERTS, RECORDED
from tests.support.client import Person, signed_in
from tests.support.code_metrics import series_names
from tests.support.media import Media
from tests.support.prometheus import Prometheus
from tests.support.promql import without_threshold
from tests.support.system import System
from tests.support.wait import until
from tests.support.webhooks import receiver

# Longer than the test, so that the load is in it.
RATE_INTERVAL = "10m"
SCRAPED_S = 240.0
UNKNOWN = "0" * 32


@pytest.fixture
async def prometheus(system: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    targets = {name: f"127.0.0.1:{system.stack.service(name).metrics_port}" for name in COMMANDS}
    server = Prometheus(Home.at(tmp_path_factory.mktemp("prometheus")), targets)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


def queries() -> list[str]:
    """Those of all panels, and the left sides of all alerts."""
    panels = [panel for each in dashboards() for panel in each.panels if panel.kind != "logs"]
    of_panels = [query.expr for panel in panels for query in panel.queries]
    of_alerts = [without_threshold(rule["expr"]) for rule in ALERTS.values()]
    return sorted({expr.replace("$__rate_interval", RATE_INTERVAL) for expr in (*of_panels, *of_alerts)})


async def make_load(person: Person, http: httpx.AsyncClient, media: Media) -> None:
    """One conversion that works, one that fails, a webhook for both, and some requests that are refused."""
    good = (await person.upload(media.video(seconds=2), filename="talk.mp4")).json()["id"]
    bad = (await person.upload_raw(b"\x00\x00\x00\x18ftypmp42" + b"no video" * 100)).json()["id"]
    for _ in range(3):
        await http.post("/v1/auth/login", json={"email": person.email, "password": "wrong password"})
        await person.get(f"/v1/conversions/{UNKNOWN}")
        await person.get(f"/v1/webhooks/{UNKNOWN}")
        await http.get("/v1/conversions")
    assert (await person.finished(good))["status"] == "completed"
    assert (await person.finished(bad))["status"] == "failed"
    assert (await person.audio(good)).status_code == 200


async def test_every_query_of_every_panel_and_alert_has_data_under_load(
    prometheus: Prometheus, person: Person, http: httpx.AsyncClient, media: Media
) -> None:
    async with under_load(prometheus, person, http, media):
        await have_data(prometheus, set(queries()))


async def test_every_recording_rule_and_every_metric_of_the_code_is_scraped(
    prometheus: Prometheus, person: Person, http: httpx.AsyncClient, media: Media
) -> None:
    async with under_load(prometheus, person, http, media):
        await have_data(prometheus, {f"count({name})" for name in RECORDED | series_names()})


@asynccontextmanager
async def under_load(
    prometheus: Prometheus, person: Person, http: httpx.AsyncClient, media: Media
) -> AsyncIterator[None]:
    # What happens before the first scrape is no increase.
    await until(lambda: prometheus.query("count(up == 1)") == [len(COMMANDS)], what="all are scraped")
    async with receiver() as there:
        hook = await person.post("/v1/webhooks", url=there.url)
        assert hook.status_code == 201, hook.text
        await make_load(person, http, media)
        # A second round, with another account: a rate needs a value from before.
        await make_load(await signed_in(http), http, media)
        yield


async def have_data(prometheus: Prometheus, without: set[str]) -> None:
    """Waits until each of the queries has data."""

    async def all_have_data() -> bool:
        for expr in sorted(without):
            if await asyncio.to_thread(_has_data, prometheus, expr):
                without.discard(expr)
        assert not without, "\n".join(sorted(without))
        return True

    await until(all_have_data, timeout_s=SCRAPED_S, what="every query has data")


def _has_data(prometheus: Prometheus, expr: str) -> bool:
    """Whether the query returns a number."""
    return any(not math.isnan(value) for value in prometheus.query(expr))

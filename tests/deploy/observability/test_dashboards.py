"""Dashboards: their files are those that the code makes, valid, and ask for what exists."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.observability.dashboards import FOLDER, dashboards
from deploy.observability.panels import Query, rendered
from tests.deploy.composed import SERVICES
from tests.deploy.observability.grafana_model import DashboardModel, PanelModel
from tests.deploy.observability.test_rules import RECORDED
from tests.support.code_metrics import series_names
from tests.support.prometheus import OBSERVABILITY
from tests.support.promql import metric_names

MADE = {each.uid: each for each in dashboards()}
KNOWN = series_names() | RECORDED
PROVISIONING = OBSERVABILITY / "grafana" / "provisioning"
each_dashboard = pytest.mark.parametrize("uid", MADE)


def read(uid: str) -> DashboardModel:
    return msgspec.json.decode((FOLDER / f"{uid}.json").read_bytes(), type=DashboardModel, strict=True)


def queries() -> list[Query]:
    """All queries in PromQL."""
    panels = [panel for each in MADE.values() for panel in each.panels if panel.kind != "logs"]
    return [query for panel in panels for query in panel.queries]


def test_each_dashboard_has_a_file_and_each_file_is_a_dashboard() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(MADE)


@each_dashboard
def test_a_file_is_what_the_code_makes(uid: str) -> None:
    """`python -m deploy.observability.dashboards` writes them."""
    assert (FOLDER / f"{uid}.json").read_text() == rendered(MADE[uid])


@each_dashboard
def test_a_dashboard_has_the_form_that_grafana_reads(uid: str) -> None:
    dashboard = read(uid)
    assert dashboard.uid == uid
    assert len(uid) <= 40
    assert [panel.id for panel in dashboard.panels] == list(range(1, len(dashboard.panels) + 1))
    for panel in dashboard.panels:
        assert [target.ref_id for target in panel.targets] == list("ABCDEF"[: len(panel.targets)])


@each_dashboard
def test_panels_lie_side_by_side_and_have_titles_of_their_own(uid: str) -> None:
    panels = read(uid).panels
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel.grid_pos
        cells = {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}
        assert not cells & taken, panel.title
        taken |= cells
    assert len({panel.title for panel in panels}) == len(panels)


@each_dashboard
def test_the_data_sources_are_provisioned(uid: str) -> None:
    sources = _yaml("datasources/datasources.yml")["datasources"]
    provisioned = {(source["type"], source["uid"]) for source in sources}
    used = [
        (source.type, source.uid)
        for panel in read(uid).panels
        for source in (panel.datasource, *(target.datasource for target in panel.targets))
    ]
    assert set(used) <= provisioned


def test_data_sources_are_servers_of_the_profile() -> None:
    for source in _yaml("datasources/datasources.yml")["datasources"]:
        found = re.fullmatch(r"http://([a-z]+):(\d+)", source["url"])
        assert found
        assert SERVICES[found[1]]["profiles"] == ["observability"]
        assert set(SERVICES[found[1]]["networks"]) & set(SERVICES["grafana"]["networks"])


def test_the_dashboards_are_provisioned_from_the_mounted_folder() -> None:
    [provider] = _yaml("dashboards/dashboards.yml")["providers"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert mounts["./deploy/observability/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/observability/grafana/provisioning"] == "/etc/grafana/provisioning"
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert home.stem in MADE


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.expr[:60])
def test_queries_read_metrics_that_exist(query: Query) -> None:
    assert metric_names(query.expr)
    assert metric_names(query.expr) <= KNOWN


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.expr[:60])
def test_legends_name_labels_that_the_query_keeps(query: Query) -> None:
    kept = re.search(r"(?:sum|max|quantile\([\d.]+, sum) by \(([^)]*)\)", query.expr)
    named = set(re.findall(r"{{(\w+)}}", query.legend))
    if kept:
        assert named <= {name.strip() for name in kept[1].split(",")}


@pytest.mark.parametrize("field", ["title", "datasource", "targets"])
def test_the_model_refuses_a_panel_without_a_field_that_it_needs(field: str) -> None:
    panel: dict[str, Any] = msgspec.json.decode((FOLDER / "tonegate-auth.json").read_bytes())["panels"][0]
    msgspec.convert(panel, PanelModel, strict=True)
    del panel[field]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(panel, PanelModel, strict=True)


def _yaml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.yaml.decode((PROVISIONING / name).read_bytes())
    return found

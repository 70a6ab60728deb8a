"""Panels and dashboards of Grafana, as the JSON that Grafana provisions."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
LOKI = {"type": "loki", "uid": "loki"}
# Version of Grafana's dashboard model that the files are written in; newer servers migrate it.
SCHEMA_VERSION = 41
WIDTH, COLUMNS, HEIGHT = 24, 3, 8
Json = dict[str, Any]


class Query(msgspec.Struct, frozen=True):
    """A query in PromQL, and the name of its series (`{{label}}` is replaced)."""

    expr: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel. `unit` is one of Grafana's (`s`, `bytes`, `reqps`, `percentunit`, `short`, …).

    `kind` is Grafana's type: `timeseries`, `stat`, or `logs`, whose only query is in LogQL.
    """

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    description: str = ""


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """Panels in rows of COLUMNS, in their order; `uid` is the file's name, and stands in links."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]


def graph(title: str, unit: str, *queries: tuple[str, str] | str, about: str = "") -> Panel:
    """A time series of queries, each with its legend or alone."""
    return Panel(title=title, unit=unit, queries=list(_queries(queries)), description=about)


def number(title: str, unit: str, expr: str, about: str = "") -> Panel:
    """The present value of one query."""
    return Panel(title=title, unit=unit, queries=[Query(expr)], kind="stat", description=about)


def log_lines(title: str, expr: str) -> Panel:
    """Lines from Loki."""
    return Panel(title=title, queries=[Query(expr)], kind="logs")


def rendered(dashboard: Dashboard) -> str:
    """The file of a dashboard."""
    return msgspec.json.format(msgspec.json.encode(_dashboard(dashboard)), indent=1).decode() + "\n"


def _queries(given: Iterable[tuple[str, str] | str]) -> Iterable[Query]:
    for each in given:
        yield Query(each) if isinstance(each, str) else Query(*each)


def _dashboard(dashboard: Dashboard) -> Json:
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["tonegate"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [
            {
                "title": "Tonegate",
                "type": "dashboards",
                "tags": ["tonegate"],
                "asDropdown": True,
                "includeVars": False,
                "keepTime": True,
                "targetBlank": False,
            }
        ],
        "panels": [_panel(index, panel) for index, panel in enumerate(dashboard.panels)],
    }


def _panel(index: int, panel: Panel) -> Json:
    width = WIDTH // COLUMNS
    return {
        "id": index + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": LOKI if panel.kind == "logs" else PROMETHEUS,
        "gridPos": {"h": HEIGHT, "w": width, "x": index % COLUMNS * width, "y": index // COLUMNS * HEIGHT},
        "targets": [_target(number, query, panel) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _target(number: int, query: Query, panel: Panel) -> Json:
    source = LOKI if panel.kind == "logs" else PROMETHEUS
    target: Json = {"refId": chr(ord("A") + number), "datasource": source, "expr": query.expr}
    if query.legend:
        target["legendFormat"] = query.legend
    return target


def _defaults(panel: Panel) -> Json:
    if panel.kind != "timeseries":
        return {"unit": panel.unit}
    return {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}


def _options(panel: Panel) -> Json:
    match panel.kind:
        case "stat":
            return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
        case "logs":
            return {"showTime": True, "sortOrder": "Descending", "wrapLogMessage": True}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }

"""The parts of Grafana's dashboard model that the dashboards use; other fields are refused.

Source: Grafana's schema of dashboards, version 41, and of the panels timeseries, stat and logs
(https://github.com/grafana/grafana, kinds/dashboard and public/app/plugins/panel/*/panelcfg.cue).
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1)]
# Ids of https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
Unit = Literal["short", "s", "h", "bytes", "Bps", "reqps", "ops", "cps", "percentunit"]


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    """Refuses fields that Grafana does not know; attributes have the names of the fields in snake case."""


class DataSourceRef(Strict):
    type: Literal["prometheus", "loki"]
    uid: Text


class GridPos(Strict):
    h: Positive
    w: Annotated[int, Meta(ge=1, le=24)]
    x: Annotated[int, Meta(ge=0, le=23)]
    y: Annotated[int, Meta(ge=0)]


class Target(Strict):
    ref_id: Annotated[str, Meta(pattern="^[A-Z]$")]
    datasource: DataSourceRef
    expr: Text
    legend_format: str = "__auto"


class Custom(Strict):
    fill_opacity: Annotated[int, Meta(ge=0, le=100)]
    show_points: Literal["auto", "never", "always"]


class Defaults(Strict):
    unit: Unit
    min: float | None = None
    custom: Custom | None = None


class FieldConfig(Strict):
    defaults: Defaults
    overrides: tuple[()]


class Legend(Strict):
    display_mode: Literal["list", "table", "hidden"]
    placement: Literal["bottom", "right"]
    show_legend: bool


class Tooltip(Strict):
    mode: Literal["single", "multi", "none"]
    sort: Literal["asc", "desc", "none"]


class ReduceOptions(Strict):
    calcs: list[Literal["lastNotNull", "mean", "max"]]
    fields: str
    values: bool


class Options(Strict):
    """Those of all three kinds of panels."""

    legend: Legend | None = None
    tooltip: Tooltip | None = None
    reduce_options: ReduceOptions | None = None
    show_time: bool | None = None
    sort_order: Literal["Ascending", "Descending"] | None = None
    wrap_log_message: bool | None = None


class PanelModel(Strict):
    id: Positive
    type: Literal["timeseries", "stat", "logs"]
    title: Text
    description: str
    datasource: DataSourceRef
    grid_pos: GridPos
    targets: Annotated[list[Target], Meta(min_length=1)]
    field_config: FieldConfig
    options: Options


class Items(Strict):
    list: tuple[()]


class Link(Strict):
    title: Text
    type: Literal["link", "dashboards"]
    tags: list[str]
    as_dropdown: bool
    include_vars: bool
    keep_time: bool
    target_blank: bool


class DashboardModel(Strict):
    uid: Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,40}$")]
    title: Text
    description: Text
    tags: list[str]
    schema_version: Annotated[int, Meta(ge=36, le=41)]
    version: Positive
    editable: bool
    graph_tooltip: Literal[0, 1, 2]
    refresh: Text
    time: dict[Literal["from", "to"], Text]
    timezone: Literal["browser", "utc"]
    templating: Items
    annotations: Items
    links: list[Link]
    panels: Annotated[list[PanelModel], Meta(min_length=1)]

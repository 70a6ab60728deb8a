"""Recording and alert rules, checked by promtool and against the code and the runbooks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deploy.composed import OWN
from tests.deploy.observability.alert_cases import CASES, Series
from tests.support.code_metrics import families, series_names
from tests.support.prometheus import OBSERVABILITY, RULES, promtool
from tests.support.promql import metric_names, without_threshold

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks.md"
Rule = dict[str, Any]


def rules() -> Iterator[Rule]:
    for path in RULES:
        for group in msgspec.yaml.decode(path.read_bytes())["groups"]:
            yield from group["rules"]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
SERIES = series_names()
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def test_promtool_accepts_the_rules() -> None:
    promtool("check", "rules", *map(str, RULES))


def test_promtool_accepts_the_configuration(tmp_path: Path) -> None:
    text = (OBSERVABILITY / "prometheus.yml").read_text()
    assert "/etc/prometheus/rules/*.yml" in text
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace("/etc/prometheus/rules", str(OBSERVABILITY / "rules")))
    promtool("check", "config", str(file))


def test_each_alert_has_a_case() -> None:
    assert set(CASES) == set(ALERTS)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_when_it_should_and_only_then(alert: str, tmp_path: Path) -> None:
    case = CASES[alert]
    tests = [unit_test(alert, case.firing, firing=1), unit_test(alert, case.quiet, firing=0)]
    file = tmp_path / "alerts.yml"
    content = {"rule_files": list(map(str, RULES)), "evaluation_interval": "1m", "tests": tests}
    file.write_bytes(msgspec.yaml.encode(content))
    promtool("test", "rules", str(file))


def unit_test(alert: str, series: Series, *, firing: int) -> dict[str, Any]:
    """A unit test of promtool: after an hour the alert fires for one set of labels, or for none."""
    return {
        "name": f"{alert} {'fires' if firing else 'is quiet'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                "eval_time": "59m",
                "exp_samples": [{"labels": "{}", "value": firing}],
            }
        ],
    }


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_severity_a_summary_and_its_section_in_the_runbooks(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{alert.lower()}"
    section = RUNBOOKS.read_text().partition(f"\n## {alert}\n")[2].partition("\n## ")[0]
    assert len(section.split()) > 20


def test_the_runbooks_have_sections_for_existing_alerts_only() -> None:
    assert re.findall(r"(?m)^## (.+)$", RUNBOOKS.read_text()) == list(ALERTS)


@pytest.mark.parametrize("expr", [rule["expr"] for rule in rules()])
def test_rules_read_metrics_that_exist(expr: str) -> None:
    assert metric_names(expr) <= SERIES | RECORDED


def test_every_recording_rule_is_used() -> None:
    boards = "".join(path.read_text() for path in (OBSERVABILITY / "grafana" / "dashboards").iterdir())
    used = set().union(*(metric_names(rule["expr"]) for rule in ALERTS.values()))
    assert [name for name in RECORDED if name not in used and name not in boards] == []


@pytest.mark.parametrize("alert", ALERTS)
def test_the_threshold_of_an_alert_stands_at_its_end(alert: str) -> None:
    assert without_threshold(ALERTS[alert]["expr"])


def test_every_job_is_one_of_our_processes_at_its_port() -> None:

    jobs = msgspec.yaml.decode((OBSERVABILITY / "prometheus.yml").read_bytes())["scrape_configs"]
    found = {
        job["job_name"]: (job["dns_sd_configs"][0]["names"], job["dns_sd_configs"][0]["port"]) for job in jobs
    }
    assert found == {name: ([name], own.port("METRICS_PORT")) for name, own in OWN.items()}


def test_the_documents_list_every_metric_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.partition("## Metrics\n")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([a-z_]+)[`{]", row)}
    assert listed == families()


def test_the_runbooks_name_metrics_that_exist() -> None:
    suffix = r"(?:_total|_seconds|_bytes|_in_progress|_in_use|_max|_waiting)"
    named = set(re.findall(rf"`([a-z]+(?:_[a-z]+)*{suffix})`", RUNBOOKS.read_text()))
    assert named
    assert named <= families() | SERIES

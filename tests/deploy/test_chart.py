"""The Helm chart is valid: for Helm, for Kubernetes and for KEDA, with each of its values files."""

import json
import subprocess
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest

from deploy.helm_settings import FILE
from deploy.helm_settings import rendered as settings_file
from devstack.node import NODE
from tests.deploy.chart import (
    CHART,
    NAMESPACE,
    VALUES,
    Object,
    each_values_file,
    helm,
    of_kind,
    pods,
    render,
    rendered,
    written,
)
from tests.deploy.composed import OWN, ROOT
from tests.support.npm import installed

KEDA_JS = ROOT / "tests" / "support" / "keda_js"
KEDA = "keda.sh/v1alpha1"
# The oldest version that the chart allows, and a recent one.
VERSIONS = ("1.30", "1.37")
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
# Values that the schema has to refuse.
REFUSED: Sequence[dict[str, Any]] = (
    {"gatewayy": {}},
    {"gateway": {"replicas": 0}},
    {"gateway": {"autoscaling": {"enabled": "yes"}}},
    {"settings": {"CONVERTER_MAX_QUEUED": 5}},
    {"publicUrl": "audio.example.org"},
    {"servers": {"mongodb": {"peers": [{}]}}},
    {"worker": {"autoscaling": {"minReplicas": 0}}},
    {"worker": {"resources": {"limits": {"cpu": None}}}},
)


def keda_errors(objects: Sequence[Object]) -> list[list[str]]:
    """The errors of each object by the schemas of KEDA's custom resource definitions."""
    checked = subprocess.run(
        [NODE, installed(KEDA_JS) / "validate.js"],
        input=json.dumps(list(objects)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[list[str]] = json.loads(checked.stdout)
    return found


def test_every_values_file_is_tested() -> None:
    assert {file.name for file in CHART.glob("values*.yaml")} == set(VALUES)


@each_values_file
def test_helm_finds_nothing_to_complain_about(values: str) -> None:
    report = helm.lint(CHART, written(values), strict=True, namespace=NAMESPACE)
    assert report["errors"] == []
    assert [each for each in report["messages"] if "icon is recommended" not in each["error"]] == []


@pytest.mark.parametrize("version", VERSIONS)
@each_values_file
def test_kubernetes_accepts_every_object(values: str, version: str) -> None:
    own = [each for each in rendered(values) if each["apiVersion"] != KEDA]
    for each in own:
        kubernetes_validate.validate(each, version, strict=True)
    assert {each["kind"] for each in own} >= {"ConfigMap", "Deployment", "Job", "NetworkPolicy", "Service"}


def test_the_validation_of_kubernetes_notices_an_unknown_field() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"portts": []}}
    with pytest.raises(kubernetes_validate.ValidationError, match="portts"):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_keda_accepts_its_objects() -> None:
    for values in ("values-production.yaml", "values-everything.yaml"):
        own = [each for each in rendered(values) if each["apiVersion"] == KEDA]
        assert [each["kind"] for each in own] == ["TriggerAuthentication", "ScaledObject"]
        assert keda_errors(own) == [[], []]


def test_the_validation_of_keda_notices_unknown_fields_and_wrong_types() -> None:
    [scaler] = of_kind("values-everything.yaml", "ScaledObject").values()
    unknown = {**scaler, "spec": {**scaler["spec"], "maxReplicas": 5}}
    mistyped = {**scaler, "spec": {**scaler["spec"], "maxReplicaCount": "5"}}
    assert [len(errors) for errors in keda_errors([unknown, mistyped])] == [1, 1]


@each_values_file
def test_names_are_unique_and_belong_to_the_release(values: str) -> None:
    named = Counter((each["kind"], each["metadata"]["name"]) for each in rendered(values))
    assert max(named.values()) == 1
    assert all(name.startswith("tonegate") and "namespace" not in name for _, name in named)


@pytest.mark.parametrize("values", REFUSED, ids=str)
def test_the_schema_refuses_wrong_values(values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError):
        render(values)


@pytest.mark.parametrize("values", ["values-everything.yaml", "values-production.yaml"])
def test_what_is_scaled_exists_and_has_no_fixed_number(values: str) -> None:
    deployments = {each["metadata"]["name"]: each for each in of_kind(values, "Deployment").values()}
    scaled = {
        each["spec"]["scaleTargetRef"]["name"] for kind in SCALERS for each in of_kind(values, kind).values()
    }
    assert {name for name, each in deployments.items() if "replicas" not in each["spec"]} == scaled
    assert scaled <= set(deployments)


@each_values_file
def test_services_and_budgets_select_the_pods_of_one_process(values: str) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(values).items()}
    selectors = {
        **{("Service", name): each["spec"]["selector"] for name, each in of_kind(values, "Service").items()},
        **{
            (kind, name): each["spec"]["selector"]["matchLabels"]
            for kind in ("Deployment", "PodDisruptionBudget")
            for name, each in of_kind(values, kind).items()
        },
    }
    assert len(selectors) == 3 * len(OWN) - 1, "the worker has no Service"
    for (_, name), selector in selectors.items():
        assert [each for each, own in labels.items() if selector.items() <= own.items()] == [name]


def test_the_version_of_the_images_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert msgspec.yaml.decode((CHART / "Chart.yaml").read_bytes())["appVersion"] == project


def test_the_list_of_settings_is_that_of_the_code() -> None:
    """`python -m deploy.helm_settings` writes it."""
    assert FILE.read_text() == settings_file()


def test_the_readme_names_each_key_of_a_secret() -> None:
    readme = Path(CHART / "README.md").read_text()
    for pod in pods("values-everything.yaml").values():
        for volume in pod["spec"]["volumes"]:
            sources = [volume.get("secret", {}), *volume.get("projected", {}).get("sources", [])]
            items = [each for source in sources for each in source.get("secret", source).get("items", [])]
            assert all(f"`{each['key']}`" in readme for each in items)

"""The Helm chart rendered by Helm's own code, and queries of the objects in it."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.deploy.composed import ROOT

# Not installed where Helm's library has no wheel, such as on Macs with Intel processors.
helm = pytest.importorskip("helm_python")

CHART = ROOT / "deploy" / "helm" / "tonegate"
RELEASE, NAMESPACE = "tonegate", "audio"
VALUES = ("values.yaml", "values-production.yaml", "values-in-cluster.yaml", "values-everything.yaml")
Object = dict[str, Any]

each_values_file = pytest.mark.parametrize("values", VALUES)


@functools.cache
def written(values: str) -> Object:
    """The content of a values file."""
    content: Object = msgspec.yaml.decode((CHART / values).read_bytes())
    return content


@functools.cache
def merged(values: str) -> Object:
    """The values of a file over those of values.yaml."""
    with helm.Chart.load(CHART) as chart:
        content: Object = chart.merge_values(written(values))
    return content


def render(values: Mapping[str, Any]) -> tuple[Object, ...]:
    """The objects of the chart with these values. Raises HelmError."""
    with helm.Chart.load(CHART) as chart:
        files = chart.render(dict(values), name=RELEASE, namespace=NAMESPACE)
    texts = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    documents = (msgspec.yaml.decode(each) for text in texts for each in re.split(r"(?m)^---$", text))
    return tuple(each for each in documents if each)


@functools.cache
def rendered(values: str) -> tuple[Object, ...]:
    """The objects of the chart with a values file."""
    return render(written(values))


def of_kind(values: str, kind: str) -> dict[str, Object]:
    """The objects of a kind by the process (or job) that they belong to."""
    found = [each for each in rendered(values) if each["kind"] == kind]
    named = {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in found}
    assert len(named) == len(found)
    return named


def pods(values: str) -> dict[str, Object]:
    """The pod templates of processes and jobs, by name."""
    owners = {**of_kind(values, "Deployment"), **of_kind(values, "Job")}
    return {name: owner["spec"]["template"] for name, owner in owners.items()}


def container(pod: Object) -> Object:
    """The only container of a pod."""
    [found] = pod["spec"]["containers"]
    own: Object = found
    return own


def environment(values: str, process: str) -> dict[str, str]:
    """The variables of a process's container, from its ConfigMap and its own."""
    given = container(pods(values)[process])
    variables = dict[str, str]()
    for source in given.get("envFrom", []):
        [data] = [
            each["data"]
            for each in rendered(values)
            if each["kind"] == "ConfigMap" and each["metadata"]["name"] == source["configMapRef"]["name"]
        ]
        variables |= data
    return variables | {each["name"]: each["value"] for each in given.get("env", [])}

"""The pods of the Helm chart have no privileges, and all are scaled by what exists."""

import ast
import re
from collections.abc import Iterator

import pytest

from deploy.secret_files import SERVICE
from shared.messaging.subscriptions import CONVERTER_WORKER
from tests.deploy.chart import Object, container, each_values_file, merged, of_kind, pods
from tests.deploy.composed import OWN, ROOT

METRIC_KINDS = {"Counter", "Gauge", "Histogram", "Summary"}
SUFFIXES = {"Counter": ("_total",), "Histogram": ("_bucket", "_count", "_sum"), "Summary": ("_count", "_sum")}
SCALED = ("values-production.yaml", "values-everything.yaml")


def metrics_of_the_code() -> Iterator[str]:
    """The names of the series that the processes' metrics have."""
    for folder in (*{own.folder for own in OWN.values()}, "shared"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(func=ast.Name(id=kind), args=[ast.Constant(value=str(name)), *_]) if (
                        kind in METRIC_KINDS
                    ):
                        yield from (f"{name}{suffix}" for suffix in SUFFIXES.get(kind, ("",)))


def triggers(values: str) -> dict[str, Object]:
    [scaler] = of_kind(values, "ScaledObject").values()
    return {each["type"]: each for each in scaler["spec"]["triggers"]}


@each_values_file
def test_every_pod_has_minimal_privileges(values: str) -> None:
    for name, pod in pods(values).items():
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "privileged": False,
            "capabilities": {"drop": ["ALL"]},
        }, name
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {security[each] for each in ("runAsUser", "runAsGroup", "fsGroup")} == {SERVICE}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod["spec"])
        assert not any("hostPath" in volume for volume in pod["spec"]["volumes"])


@each_values_file
def test_no_pod_has_a_token_of_the_cluster_or_variables_of_services(values: str) -> None:
    """A Service named gateway would set GATEWAY_PORT=tcp://…, which is a setting."""
    for pod in pods(values).values():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False


@each_values_file
def test_secrets_are_readable_to_the_processes_group_only(values: str) -> None:
    for pod in pods(values).values():
        for volume in pod["spec"]["volumes"]:
            source = volume.get("secret") or volume.get("projected")
            if source:
                assert source["defaultMode"] == 0o440


@each_values_file
def test_memory_and_temporary_files_are_bounded(values: str) -> None:
    for pod in pods(values).values():
        assert "memory" in container(pod)["resources"]["limits"]
        assert {"cpu", "memory"} <= set(container(pod)["resources"]["requests"])
        for volume in pod["spec"]["volumes"]:
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


@each_values_file
def test_a_worker_has_as_many_processors_as_it_runs_conversions(values: str) -> None:
    """CONVERTER_CONCURRENCY is that of the container's limit, and KEDA expects as many for each worker."""
    limit = container(pods(values)["worker"])["resources"]["limits"]["cpu"]
    assert int(limit) == merged(values)["worker"]["autoscaling"]["queue"]["length"]


@pytest.mark.parametrize("values", SCALED)
def test_workers_are_scaled_by_the_queue_that_they_consume(values: str) -> None:
    trigger = triggers(values)["rabbitmq"]
    assert trigger["metadata"]["queueName"] == CONVERTER_WORKER.queue
    assert trigger["metadata"]["protocol"] == "http", "messages of running conversions count"
    [authentication] = of_kind(values, "TriggerAuthentication").values()
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert "host" not in trigger["metadata"]


def test_the_query_of_the_scaler_names_metrics_that_the_processes_have() -> None:
    query = triggers("values-everything.yaml")["prometheus"]["metadata"]["query"]
    named = set(re.findall(r"\b([a-z_]+)(?=[{[)])", query))
    assert named
    assert named <= set(metrics_of_the_code())


def test_one_worker_always_runs() -> None:
    """It also removes what has expired."""
    for values in SCALED:
        [scaler] = of_kind(values, "ScaledObject").values()
        assert scaler["spec"]["minReplicaCount"] >= 1


@each_values_file
def test_tables_are_migrated_before_pods_are_replaced(values: str) -> None:
    annotations = of_kind(values, "Job")["migration"]["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert container(pods(values)["migration"])["image"] == container(pods(values)["auth"])["image"]

"""The Helm chart gives each process the variables, secrets, ports and probes that its code knows."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from auth_service.settings import CommandSettings
from converter_service.media.sandbox.requirements import SandboxRequirements
from converter_service.settings import WorkerSettings
from converter_service.worker import TRANSFERS
from deploy.helm_settings import is_free
from deploy.secret_files import consumers, prepare
from shared.http.graceful_stop import GracefulStop
from shared.http.health import health_routes
from shared.settings import Secret, duration, fields_of, load
from tests.deploy.chart import (
    Object,
    container,
    each_values_file,
    environment,
    helm,
    of_kind,
    pods,
    render,
    rendered,
)
from tests.deploy.composed import OWN, SERVICES, filled_in, image_of
from tests.deploy.stop_times import default_of, longest_stops
from tests.deploy.test_compose import secret_placeholders

MOUNT = "/run/tonegate"
COMMANDS: Mapping[str, frozenset[str]] = {
    "migration": frozenset(field.variable for field in fields_of(CommandSettings)),
    "broker": frozenset(),
}
# Secrets that compose.yaml has as plain variables; their keys in the chart.
FURTHER_KEYS = {"smtp_url", "oauth_google_client_secret", "oauth_github_client_secret", "oauth_providers"}

each_process = pytest.mark.parametrize("process", OWN)


def keys(pod: Object) -> dict[str, str]:
    """The files in the pod's secrets: keys by path."""
    [volume] = [each for each in pod["spec"]["volumes"] if each["name"] == "secrets"]
    return {item["path"]: item["key"] for item in volume["secret"]["items"]}


@each_values_file
def test_no_variable_is_given_that_the_code_does_not_read(values: str) -> None:
    for name in pods(values):
        known = set(OWN[name].fields()) if name in OWN else COMMANDS[name]
        assert {each.removesuffix("_FILE") for each in environment(values, name)} <= known


@each_process
@each_values_file
def test_every_variable_that_the_code_needs_is_given(values: str, process: str) -> None:
    given = {name.removesuffix("_FILE") for name in environment(values, process)}
    assert {name for name, field in OWN[process].fields().items() if field.required} <= given


@each_values_file
def test_the_migration_gets_what_its_command_needs(values: str) -> None:
    needed = {field.variable for field in fields_of(CommandSettings) if field.required}
    given = environment(values, "migration")
    assert {f"{name}_FILE" for name in needed} == set(given)
    assert container(pods(values)["migration"])["args"] == ["python", "-m", "auth_service", "migrate"]
    assert {path.removeprefix(f"{MOUNT}/") for path in given.values()} == set(keys(pods(values)["migration"]))


@each_process
@each_values_file
def test_the_code_accepts_the_variables_of_the_chart(values: str, process: str, tmp_path: Path) -> None:
    """With the secrets of a first start of compose.yaml, and samples of the others."""
    prepare(tmp_path)
    folder = tmp_path / process
    folder.chmod(0o700)
    (folder / "smtp_url").write_text("smtp://mail.example.org:587")
    (folder / "oauth_google_client_secret").write_text("secret")
    (folder / "oauth_github_client_secret").write_text("secret")
    (folder / "oauth_providers").write_text("[]")
    (folder / "lists").mkdir()
    (folder / "lists" / "breached.txt").write_text("")
    given = {
        name: value.replace(MOUNT, str(folder), 1).replace("/etc/tonegate/lists", f"{folder}/lists")
        for name, value in environment(values, process).items()
    }
    load(OWN[process].settings, given)


@each_values_file
def test_every_secret_is_a_file_and_stands_in_no_other_place(values: str) -> None:
    for name in OWN:
        given, files = environment(values, name), keys(pods(values)[name])
        from_files = {each for each in given if each.endswith("_FILE")}
        secret = {
            each.variable for each in OWN[name].fields().values() if each.type in {Secret, Secret | None}
        }
        assert not secret & set(given)
        assert {each.removesuffix("_FILE") for each in from_files} <= secret | {"GATEWAY_PUBLIC_KEYS"}
        assert {given[each] for each in from_files} == {f"{MOUNT}/{path}" for path in files}
        mounts = {each["name"]: each for each in container(pods(values)[name])["volumeMounts"]}
        assert (mounts["secrets"]["mountPath"], mounts["secrets"]["readOnly"]) == (MOUNT, True)


@each_process
def test_the_keys_of_secrets_are_the_files_of_compose(process: str) -> None:
    _, files = consumers(secret_placeholders())[process]
    everything = set(keys(pods("values-everything.yaml")[process]).values())
    assert everything - FURTHER_KEYS == set(files)


@each_values_file
def test_no_object_holds_a_secret(values: str) -> None:
    assert "Secret" not in {each["kind"] for each in rendered(values)}
    text = str([each for each in rendered(values) if each["kind"] == "ConfigMap" and "settings" not in each])
    without_import = re.sub(r"'broker_import\.py': '.*", "", text)
    assert "PRIVATE KEY" not in without_import
    assert not re.search(r"://[^/\s\"']*:[^/\s\"']*@", without_import)


@pytest.mark.parametrize(
    "variable", ["AMQP_URL", "GATEWAY_TOKEN_KEY", "GATEWAY_PORT", "CONVERTER_STOP_GRACE", "NO_SUCH_SETTING"]
)
def test_secrets_and_what_the_chart_sets_are_refused_among_the_settings(variable: str) -> None:
    with pytest.raises(helm.HelmError, match=variable):
        render({"settings": {variable: "x"}})


def test_every_other_variable_reaches_the_processes_that_read_it() -> None:
    free = {name for own in OWN.values() for name, field in own.fields().items() if is_free(field)}
    objects = render({"settings": {name: f"from-{name}" for name in free}})
    for process, own in OWN.items():
        [data] = [
            each["data"]
            for each in objects
            if each["kind"] == "ConfigMap" and each["metadata"]["name"] == f"tonegate-{process}"
        ]
        marked = {name for name, value in data.items() if value == f"from-{name}"}
        assert marked == free & set(own.fields())


@each_values_file
def test_changed_settings_replace_the_pods(values: str) -> None:
    def marks(objects: tuple[Object, ...]) -> dict[str, str]:
        deployments = [each for each in objects if each["kind"] == "Deployment"]
        return {
            each["metadata"]["name"]: each["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
            for each in deployments
        }

    before, after = marks(render({})), marks(render({"settings": {"CONVERTER_LEASE": "20s"}}))
    assert {name for name in before if before[name] != after[name]} == {"tonegate-worker"}


@each_process
@each_values_file
def test_ports_and_probes_are_those_of_the_code(values: str, process: str) -> None:
    own, found = OWN[process], container(pods(values)[process])
    ports = {each["name"]: each["containerPort"] for each in found["ports"]}
    assert ports == {"http": own.port(), "metrics": own.port("METRICS_PORT")}
    scheme = "HTTPS" if "TLS_CERTIFICATE" in environment(values, process) else "HTTP"
    alive, ready = (min(each.paths) for each in health_routes([], GracefulStop()))
    for probe, path in (("startupProbe", alive), ("livenessProbe", alive), ("readinessProbe", ready)):
        assert found[probe]["httpGet"] == {"path": path, "port": "http", "scheme": scheme}


@each_values_file
def test_the_gateway_calls_the_services_where_they_are(values: str) -> None:
    services = {
        name: (each["metadata"]["name"], each["spec"]["ports"])
        for name, each in of_kind(values, "Service").items()
    }
    given = environment(values, "gateway")
    scheme = "https" if "TLS_CERTIFICATE" in given else "http"
    for process in ("auth", "converter", "notification"):
        name, [port] = services[process]
        assert given[f"GATEWAY_{process.upper()}_URL"] == f"{scheme}://{name}:{port['port']}"
        assert (port["port"], port["targetPort"]) == (OWN[process].port(), "http")


@each_process
@each_values_file
def test_images_have_the_names_of_compose(values: str, process: str) -> None:
    composed = filled_in(SERVICES[process]["image"]).rpartition(":")[0]
    image = container(pods(values)[process])["image"].removeprefix("registry.example.org/")
    assert image.rpartition(":")[0] == composed
    assert "command" not in container(pods(values)[process]), "the image knows its command and its address"
    assert f"{OWN[process].prefix}_HOST=0.0.0.0" in image_of(process).last("ENV").split()


@each_values_file
def test_a_stop_waits_as_long_as_the_code_may_take(values: str) -> None:
    grace = duration(environment(values, "worker")["CONVERTER_STOP_GRACE"])
    longest = longest_stops(grace)
    for name in OWN:
        spec = pods(values)[name]["spec"]
        hook = container(pods(values)[name]).get("lifecycle", {}).get("preStop", {})
        waiting = timedelta(seconds=hook.get("sleep", {}).get("seconds", 0))
        assert timedelta(seconds=spec["terminationGracePeriodSeconds"]) >= longest[name] + waiting
    assert grace >= default_of(WorkerSettings, "job_timeout") + TRANSFERS, "outlives the longest conversion"


@each_values_file
def test_the_worker_writes_where_a_volume_is(values: str) -> None:
    mounts = {each["name"]: each["mountPath"] for each in container(pods(values)["worker"])["volumeMounts"]}
    assert mounts["scratch"] == image_of("worker").last("VOLUME")
    assert f"CONVERTER_SCRATCH_DIR={mounts['scratch']}" in image_of("worker").last("ENV").split()


@each_values_file
def test_the_worker_requires_mechanisms_of_the_sandbox_that_exist(values: str) -> None:
    required = environment(values, "worker")["CONVERTER_SANDBOX_REQUIRES"].split(",")
    assert "seccomp" in required
    SandboxRequirements(required)

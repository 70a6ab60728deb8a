"""compose.yaml and Dockerfiles agree with the code."""

import hashlib
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from backup.settings import BackupSettings
from deploy.secret_files import MADE, SERVICE, TOPOLOGY, consumers, prepare
from devstack.service import COMMANDS, Service
from shared.messaging.rabbitmq.topology import CONSUMER_TIMEOUT_MARGIN
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.settings import Secret, duration, fields_of, load
from tests.deploy.composed import (
    OWN,
    ROOT,
    SERVICES,
    arguments,
    compose,
    environment,
    example,
    filled_in,
    image_of,
    overridable,
    stages,
)
from tests.deploy.stop_times import longest_stops

# Settings that operators do not set.
INSIDE = {
    "HOST",
    "PORT",
    "METRICS_PORT",
    "AUTH_URL",
    "CONVERTER_URL",
    "NOTIFICATION_URL",
    "SCRATCH_DIR",
}
ONCE = {"secrets", "mongo-users", "backup"}
# Their images have no program for a health check.
UNCHECKED = {"loki", "tempo", "alloy"}
OBSERVABILITY = {"prometheus", "grafana", *UNCHECKED}
SERVERS = {"caddy", "postgres", "mongo", "rabbitmq", "valkey", "mailpit", *OBSERVABILITY}
MOUNT = "/run/tonegate"

each_of_ours = pytest.mark.parametrize("service", OWN)


def test_every_service_is_known_to_these_tests() -> None:
    assert set(SERVICES) == set(OWN) | SERVERS | ONCE


@each_of_ours
def test_no_variable_is_given_that_the_code_does_not_read(service: str) -> None:
    known = OWN[service].fields()
    given = {name.removesuffix("_FILE") for name in environment(service)}
    assert given <= set(known)


@each_of_ours
def test_every_variable_that_the_code_needs_is_given(service: str) -> None:
    given = {name.removesuffix("_FILE") for name, value in environment(service).items() if value}
    assert {name for name, field in OWN[service].fields().items() if field.required} <= given


@each_of_ours
def test_every_variable_that_the_code_reads_can_be_set_in_env(service: str) -> None:
    prefix = OWN[service].prefix
    inside = {f"{each}_{name}" for each in (prefix, "CONVERTER") for name in INSIDE}
    wanted = set(OWN[service].fields()) - inside
    marked = {name: f"from-env-{name}" for name in wanted}
    assert {
        name for name, value in environment(service, marked).items() if value == marked.get(name)
    } == wanted


@each_of_ours
def test_no_value_of_the_code_is_repeated(service: str) -> None:
    """Variables not set in .env are empty in the container and count as unset, so each default is in one
    place. Containers require more of the sandbox than a development machine does.
    """
    required = {name for name, field in OWN[service].fields().items() if field.required}
    repeated = {
        name
        for name, value in environment(service).items()
        if value and not name.endswith("_FILE") and name in overridable() and name not in required
    }
    assert repeated <= {"GATEWAY_PUBLIC_URL", "GATEWAY_TRUSTED_PROXIES", "CONVERTER_SANDBOX_REQUIRES"}


@each_of_ours
def test_the_code_accepts_what_a_first_start_gives_it(service: str, tmp_path: Path) -> None:
    prepare(tmp_path)
    given = {
        name: value.replace(MOUNT, str(tmp_path / service), 1) if name.endswith("_FILE") else value
        for name, value in environment(service).items()
    }
    settings = load(OWN[service].settings, given)
    for field in OWN[service].settings.__struct_fields__:
        value = getattr(settings, field)
        if isinstance(value, Secret):
            assert value.reveal().strip()


@each_of_ours
def test_secrets_come_from_the_services_own_files(service: str) -> None:
    user, files = consumers(secret_placeholders())[service]
    named = [value for name, value in environment(service).items() if name.endswith("_FILE")]
    assert user == SERVICE
    assert sorted(named) == sorted(f"{MOUNT}/{file}" for file in files)
    assert f"{service}-secrets:{MOUNT}:ro" in SERVICES[service]["volumes"]


def test_only_the_initial_container_sees_all_secrets() -> None:
    for name, service in SERVICES.items():
        mounted = [volume.split(":")[0] for volume in service.get("volumes", []) if "secrets" in volume]
        if name != "secrets":
            assert mounted in ([f"{name}-secrets"], [])


def test_every_consumer_of_secrets_has_a_volume() -> None:
    given = dict(volume.split(":")[:2] for volume in SERVICES["secrets"]["volumes"])
    wanted = {f"{name}-secrets": f"/secrets/{name}" for name in consumers(secret_placeholders())}
    script = {
        "./deploy/secret_files.py": SERVICES["secrets"]["command"][1],
        "./deploy/rabbitmq/topology.json": "/deploy/rabbitmq/topology.json",
    }
    assert given == {**wanted, "secrets": "/secrets/master", **script}
    assert SERVICES["secrets"]["command"][2] == "/secrets"


def test_no_password_is_committed() -> None:
    for file in ("compose.yaml", *(f"{own.folder}/Dockerfile" for own in OWN.values())):
        text = (ROOT / file).read_text()
        assert not re.search(r"://[^/\s\"]*:[^/\s\"]*@", text)
        assert not re.search(r"(?i)(password|secret|_key)\w*\s*[:=]\s*[\"']?(?!\$|/)[a-z0-9]{4,}\b", text)


def test_observability_is_started_by_its_profile_and_changes_nothing_of_the_machine() -> None:
    for name in OBSERVABILITY:
        service = SERVICES[name]
        assert service["profiles"] == ["observability"]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "no-new-privileges:true" in service["security_opt"]
        of_machine = [volume for volume in service["volumes"] if volume.startswith("/")]
        assert all(volume.endswith(":ro") and "docker.sock" not in volume for volume in of_machine)
    needed = {each for service in SERVICES.values() for each in service.get("depends_on", {})}
    assert needed & OBSERVABILITY <= {"prometheus"}


def test_services_are_called_where_they_listen() -> None:
    for service in OWN:
        for name, value in environment(service).items():
            if value.startswith("http://") and name != "GATEWAY_PUBLIC_URL":
                called = name.removesuffix("_URL").rpartition("_")[2].lower()
                assert value == f"http://{called}:{OWN[called].port()}"
                given = environment(service, {"TLS_CERTIFICATE": "/etc/tonegate/tls.pem"})
                assert given[name] == f"https://{called}:{OWN[called].port()}"


def test_plain_http_is_published_on_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"caddy", "gateway", "grafana", "mailpit"}
    assert [filled_in(text) for text in published["grafana"]] == ["127.0.0.1:3000:3000"]
    port = OWN["gateway"].port()
    assert [filled_in(text) for text in published["gateway"]] == [f"127.0.0.1:{port}:{port}"]
    assert [filled_in(text) for text in published["mailpit"]] == ["127.0.0.1:8025:8025"]
    assert filled_in(published["gateway"][0], {"GATEWAY_PORT": "9000"}) == f"127.0.0.1:9000:{port}"


def test_links_begin_with_the_published_port_or_with_the_domain() -> None:
    assert environment("gateway")["GATEWAY_PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert environment("auth", {"GATEWAY_PORT": "9000"})["GATEWAY_PUBLIC_URL"] == "http://127.0.0.1:9000"
    domain = {"TONEGATE_DOMAIN": "audio.example.org"}
    for service in ("auth", "caddy", "converter", "gateway", "notification", "worker"):
        assert environment(service, domain)["GATEWAY_PUBLIC_URL"] == "https://audio.example.org"


def test_caddy_is_started_by_its_profile_and_calls_the_gateway() -> None:
    with_profile = {name for name, service in SERVICES.items() if "profiles" in service}
    assert with_profile == {"backup", "caddy", *OBSERVABILITY}
    assert SERVICES["backup"]["profiles"] == ["backup"]
    assert SERVICES["caddy"]["profiles"] == ["tls"]
    assert [filled_in(text) for text in SERVICES["caddy"]["ports"]] == ["80:80", "443:443"]
    given = environment("caddy", {"TONEGATE_DOMAIN": "audio.example.org"})
    assert given["TONEGATE_DOMAIN"] == "audio.example.org"
    assert given["TONEGATE_UPSTREAM"] == f"http://gateway:{OWN['gateway'].port()}"
    certified = {"TLS_CERTIFICATE": "/etc/tonegate/tls.pem", "TLS_CA": "/etc/tonegate/ca.pem"}
    assert environment("caddy", certified)["TONEGATE_UPSTREAM"].startswith("https://gateway:")
    assert environment("caddy", certified)["SSL_CERT_FILE"] == certified["TLS_CA"]
    config = (ROOT / "deploy/caddy/Caddyfile").read_text()
    assert set(given) - {"SSL_CERT_FILE"} <= set(re.findall(r"\{\$([A-Z_]+)", config))


def test_the_gateway_trusts_the_network_that_it_shares_with_caddy_alone() -> None:
    assert [name for name, service in SERVICES.items() if "proxy" in service.get("networks", [])] == [
        "gateway",
        "caddy",
    ]
    network = compose()["networks"]["proxy"]
    assert network["internal"] is True
    [config] = network["ipam"]["config"]
    for given in ({}, {"TONEGATE_PROXY_NETWORK": "10.9.8.0/28"}):
        trusted = environment("gateway", given)["GATEWAY_TRUSTED_PROXIES"]
        assert trusted == filled_in(config["subnet"], given)


@each_of_ours
def test_an_image_exposes_and_checks_the_ports_of_the_code(service: str) -> None:
    own, image = OWN[service], image_of(service)
    assert image.last("EXPOSE").split() == [str(own.port()), str(own.port("METRICS_PORT"))]
    assert image.last("HEALTHCHECK").endswith(f'CMD ["python", "-m", "shared.healthcheck", "{own.port()}"]')
    assert f"{own.prefix}_HOST=0.0.0.0" in image.last("ENV").split()


@each_of_ours
def test_an_image_runs_the_process_that_the_development_stack_runs(service: str) -> None:
    words = ", ".join(f'"{word}"' for word in ("python", "-m", *COMMANDS[service]))
    assert image_of(service).last("CMD") == f"[{words}]"


@each_of_ours
def test_an_image_holds_its_own_service_and_nothing_of_the_others(service: str) -> None:
    own, build = OWN[service], stages(OWN[service].folder)["build"]
    page = ["--from=page /src/web/dist web/dist"] if service == "gateway" else []
    assert sorted(image_of(service).all("COPY")) == sorted(
        ["--from=build /opt/venv /opt/venv", "shared/ shared/", f"{own.folder}/ {own.folder}/", *page]
    )
    assert build.all("RUN")[-1].endswith(f"uv sync --frozen --no-default-groups --extra {own.extra}")


@each_of_ours
def test_an_image_runs_as_an_unprivileged_user(service: str) -> None:
    assert image_of(service).last("USER") == f"{SERVICE}:{SERVICE}"
    assert "user" not in SERVICES[service]


@each_of_ours
def test_our_containers_have_minimal_privileges(service: str) -> None:
    container = SERVICES[service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in container


def test_a_backup_has_the_stores_addresses_and_keys_and_a_volume(tmp_path: Path) -> None:
    prepare(tmp_path)
    given = {
        name: value.replace(MOUNT, str(tmp_path / "backup"), 1) if name.endswith("_FILE") else value
        for name, value in environment("backup").items()
    }
    settings = load(BackupSettings, given)
    assert set(given) == {
        name + end for name in (each.variable for each in fields_of(BackupSettings)) for end in ("", "_FILE")
    }
    assert ":5432/tonegate" in settings.database_url.reveal()
    image, container = stages("backup")["final"], SERVICES["backup"]
    assert image.last("USER") == f"{SERVICE}:{SERVICE}"
    assert image.last("ENTRYPOINT") == '["python", "-m", "backup"]'
    assert f"backups:{image.last('VOLUME')}" in container["volumes"]
    assert (container["read_only"], container["cap_drop"], container["networks"]) == (
        True,
        ["ALL"],
        ["inside"],
    )


def test_only_the_worker_brings_ffmpeg() -> None:
    brings = [service for service in OWN if any("ffmpeg" in step for step in image_of(service).all("RUN"))]
    assert brings == ["worker"]


def test_the_worker_writes_where_a_volume_is() -> None:
    image = image_of("worker")
    scratch = image.last("VOLUME")
    assert f"CONVERTER_SCRATCH_DIR={scratch}" in image.last("ENV").split()
    assert f"scratch:{scratch}" in SERVICES["worker"]["volumes"]


def test_there_can_be_many_workers() -> None:
    assert not {"container_name", "hostname", "ports"} & set(SERVICES["worker"])
    assert not any("container_name" in service for service in SERVICES.values())


@pytest.mark.parametrize("service", SERVICES)
def test_resources_and_logs_are_bounded(service: str) -> None:
    limits = SERVICES[service]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert SERVICES[service]["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("service", sorted(SERVERS - UNCHECKED))
def test_every_server_is_checked_for_its_health(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    assert check["test"]
    assert check.keys() >= {"interval", "timeout", "retries", "start_period"}


@pytest.mark.parametrize("service", SERVICES)
def test_services_wait_for_their_dependencies(service: str) -> None:
    for name, how in SERVICES[service].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if name in ONCE else "service_healthy"
        assert how == {"condition": wanted}
    needs = {volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])}
    if service != "secrets" and any(name.endswith("-secrets") for name in needs):
        assert "secrets" in SERVICES[service]["depends_on"]


@each_of_ours
def test_a_service_waits_for_the_servers_in_its_addresses(service: str) -> None:
    _, files = consumers(secret_placeholders())[service]
    addresses = [*files.values(), *environment(service).values()]
    hosts = {host for text in addresses for host in re.findall(r"://(?:[^@/]*@)?([a-z]+):\d+", text)}
    hosts = {"mongo-users" if host == "mongo" else host for host in hosts}
    assert hosts <= set(SERVICES[service]["depends_on"])


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_restarted_automatically(service: str) -> None:
    assert SERVICES[service]["restart"] == ("no" if service in ONCE else "unless-stopped")


def test_a_stop_waits_as_long_as_the_code_may_take() -> None:
    longest = longest_stops()
    for service in OWN:
        assert duration(filled_in(SERVICES[service]["stop_grace_period"])) >= longest[service]
    assert timedelta(seconds=Service.stop_policy.grace_s) >= max(longest.values())


def test_only_gateway_proxy_grafana_and_mail_have_external_access() -> None:
    """auth_service has internet access too once identity providers are configured."""
    networks = {name: each for name, each in compose()["networks"].items() if name != "proxy"}
    assert networks == {
        "front": {},
        "mail": {},
        "inside": {"internal": "${TONEGATE_ISOLATED:-true}"},
        "providers": {"internal": "${TONEGATE_PROVIDERS_ISOLATED:-true}"},
        "observability": {"internal": True},
    }
    outside = {
        name for name, service in SERVICES.items() if {"front", "mail"} & set(service.get("networks", []))
    }
    assert outside == {"caddy", "gateway", "grafana", "notification", "mailpit"}
    assert [name for name, service in SERVICES.items() if "providers" in service.get("networks", [])] == [
        "auth"
    ]
    assert SERVICES["secrets"]["network_mode"] == "none"


def test_the_base_of_all_images_is_one_setting() -> None:
    """A digest (`python@sha256:…`) makes builds repeatable."""
    digest = "python@sha256:" + "0" * 64
    builds = [SERVICES[service]["build"]["args"]["BASE"] for service in OWN]
    for base in [*builds, SERVICES["secrets"]["image"]]:
        assert filled_in(base, {"TONEGATE_BASE_IMAGE": digest}) == digest
        assert filled_in(base) == arguments("gateway")["BASE"]


def test_every_image_has_a_version() -> None:
    named = {filled_in(service["image"]) for service in SERVICES.values() if "build" not in service}
    bases = {arguments(own.folder)["BASE"] for own in OWN.values()}
    assert len(bases) == 1
    assert bases <= named
    for image in named | bases:
        assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)*(-[a-z-]+)*", image), image
        assert "alpine" not in image
    assert {arguments(own.folder)["UV_VERSION"] for own in OWN.values()} == {"0.13.8"}


def test_persistent_volumes_are_named() -> None:
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("./", "/"))
    }
    assert named == set(compose()["volumes"])


def test_files_mounted_from_the_repository_exist_and_are_read_only() -> None:
    mounts = [
        volume.split(":")
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert len(mounts) == 13
    for source, _, mode in mounts:
        assert (ROOT / source).exists()
        assert mode == "ro"


def test_files_of_an_image_are_in_its_build_context() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    own = (f"{each.folder}/" for each in OWN.values())
    assert set(sent) == {"pyproject.toml", "uv.lock", "shared/", "devstack/", "web/", "backup/", *own}


def test_the_image_of_the_gateway_builds_the_page_with_what_it_copies() -> None:
    """Only the modules that building the page imports, and a build that fails fails the image."""
    page = stages("gateway")["page"]
    copied = {name for step in page.all("COPY") for name in step.split()[:-1]}
    modules = sorted(name for name in copied if name.startswith("devstack/"))
    needed = "import devstack.page, sys; print(*(m for m in sys.modules if m.startswith('devstack')))"
    imported = subprocess.run(
        [sys.executable, "-c", needed], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {name.replace(".", "/") for name in imported.stdout.split()} - {"devstack"}
    assert modules == sorted(["devstack/__init__.py", *(f"{name}.py" for name in names)])
    assert page.all("RUN")[-1].endswith("python -m devstack.page --required")
    assert "only-group page" in " ".join(page.all("RUN"))


def test_the_broker_is_made_anew_when_its_topology_changes() -> None:
    """It imports the topology when it starts, and Compose replaces a container whose environment changed."""
    digest = hashlib.sha256(TOPOLOGY.read_bytes()).hexdigest()[:12]
    assert SERVICES["rabbitmq"]["environment"] == {"TONEGATE_TOPOLOGY": digest}


def test_the_worker_reaches_every_collection_of_the_converter_but_dead_letters() -> None:
    stores = (ROOT / "converter_service" / "storage").glob("*.py")
    named = {name for file in stores for name in re.findall(r'database\["([^"]+)"\]', file.read_text())}
    found = re.search(r"const collections = (\[[^\]]*\]);", (ROOT / "deploy/mongo/users.js").read_text())
    assert found
    assert {"dead_letters", *msgspec.json.decode(found[1])} == named
    assert "dead_letters" not in found[1]


def test_the_broker_lets_a_message_be_held_as_long_as_a_handler_may_take() -> None:
    text = (ROOT / "deploy/rabbitmq/rabbitmq.conf").read_text()
    held = re.search(r"(?m)^consumer_timeout = (\d+)$", text)
    assert held
    longest = max(inbox.handling_timeout for inbox in SUBSCRIPTIONS) + CONSUMER_TIMEOUT_MARGIN
    assert timedelta(milliseconds=int(held[1])) >= longest


def test_the_example_explains_every_variable_that_can_be_set() -> None:
    assert set(example()) == set(overridable())


def test_the_example_proposes_the_defaults() -> None:
    in_code = {name: field for own in OWN.values() for name, field in own.fields().items()}
    for name, value in example().items():
        default = overridable()[name]
        if not default and name in in_code and not in_code[name].required:
            _is_default(name, value, in_code[name].default)
        elif default:
            assert value == filled_in(default)


def _is_default(name: str, value: str, default: object) -> None:
    if isinstance(default, timedelta):
        assert duration(value) == default, name
    elif isinstance(default, bool):
        assert value == str(default).lower(), name
    elif isinstance(default, Secret) or default in {None, ()}:
        assert value == "" or "://" in value, name
    elif isinstance(default, tuple):
        assert value == ",".join(default), name
    else:
        assert value == str(default), name


def secret_placeholders() -> dict[str, str]:
    made = {"rabbitmq_salt": "00000000", "gateway_token_key": MADE["gateway_token_key"]()}
    return {**dict.fromkeys(MADE, "0" * 64), **made}

"""The NetworkPolicies of the Helm chart allow the calls of the architecture and nothing else."""

import json
from collections.abc import Iterator

from shared.settings import HttpOrigin, Secret
from tests.deploy.chart import Object, each_values_file, merged, of_kind, pods, render
from tests.deploy.composed import OWN

# The server that each URL names. A new URL among the settings has to be entered here.
SERVERS = {
    "AMQP_URL": "rabbitmq",
    "AUTH_DATABASE_URL": "postgresql",
    "CONVERTER_MONGO_URL": "mongodb",
    "NOTIFICATION_MONGO_URL": "mongodb",
    "NOTIFICATION_SMTP_URL": "smtp",
    "GATEWAY_RATE_LIMIT_STORAGE_URL": "valkey",
}
CALLED = {f"GATEWAY_{name.upper()}_URL": name for name in ("auth", "converter", "notification")}
WEB_PORTS = [{"port": 80}, {"port": 443}, {"port": 1024, "endPort": 65535}]
NAMES = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
CLOSED = "all"
Rule = tuple[object, object]


def selector(process: str, values: str) -> Object:
    selected: Object = of_kind(values, "Deployment")[process]["spec"]["selector"]["matchLabels"]
    return {"podSelector": {"matchLabels": selected}}


def expected_egress(process: str, values: str) -> Iterator[Rule]:
    """A rule for each URL among the settings of the process, for name resolution, and for the internet."""
    given = merged(values)
    yield given["networkPolicy"]["dns"], NAMES
    for name, field in OWN[process].fields().items():
        if field.type is Secret and name.endswith("_URL"):
            server = given["servers"][SERVERS[name]]
            yield server["peers"], [{"port": server["port"]}]
        elif name in CALLED:
            yield [selector(CALLED[name], values)], [{"port": OWN[CALLED[name]].port()}]
    if process == "notification":
        yield given["networkPolicy"]["internet"], WEB_PORTS
    if process == "auth" and any(given["auth"]["providers"].values()):
        yield given["networkPolicy"]["internet"], [{"port": 443}]


def expected_ingress(process: str, values: str) -> Iterator[Rule]:
    policy = merged(values)["networkPolicy"]
    own = OWN[process]
    if process in CALLED.values():
        yield [selector("gateway", values)], [{"port": own.port()}]
    if process == "gateway" and policy["clients"]:
        yield policy["clients"], [{"port": own.port()}]
    if policy["metrics"]:
        yield policy["metrics"], [{"port": own.port("METRICS_PORT")}]


def as_set(rules: Iterator[Rule]) -> set[str]:
    return {json.dumps(rule, sort_keys=True) for rule in rules}


def test_every_url_among_the_settings_is_known_here() -> None:
    fields = [field for own in OWN.values() for field in own.fields().values()]
    servers = {each.variable for each in fields if each.type is Secret and each.variable.endswith("_URL")}
    assert servers == set(SERVERS)
    assert {each.variable for each in fields if each.type == HttpOrigin} <= {*CALLED}


@each_values_file
def test_each_process_reaches_what_its_settings_name(values: str) -> None:
    for process in OWN:
        rules = of_kind(values, "NetworkPolicy")[process]["spec"]["egress"]
        assert as_set((rule["to"], rule["ports"]) for rule in rules) == as_set(
            expected_egress(process, values)
        ), process


@each_values_file
def test_each_process_is_reached_by_its_callers_only(values: str) -> None:
    for process in OWN:
        rules = of_kind(values, "NetworkPolicy")[process]["spec"]["ingress"]
        assert as_set((rule["from"], rule["ports"]) for rule in rules) == as_set(
            expected_ingress(process, values)
        ), process


@each_values_file
def test_a_job_reaches_its_server_only(values: str) -> None:
    servers, dns = merged(values)["servers"], merged(values)["networkPolicy"]["dns"]
    reached = {
        "migration": (servers["postgresql"]["peers"], [{"port": servers["postgresql"]["port"]}]),
        "broker": (servers["rabbitmq"]["peers"], [{"port": servers["rabbitmq"]["managementPort"]}]),
    }
    for name in of_kind(values, "Job"):
        spec = of_kind(values, "NetworkPolicy")[name]["spec"]
        rules = as_set((rule["to"], rule["ports"]) for rule in spec["egress"])
        assert rules == as_set(iter([(dns, NAMES), reached[name]]))
        assert "ingress" not in spec


@each_values_file
def test_every_pod_is_closed_but_for_the_policy_of_its_own(values: str) -> None:
    policies = of_kind(values, "NetworkPolicy")
    closed = policies[CLOSED]["spec"]
    assert (closed["policyTypes"], "ingress" in closed, "egress" in closed) == (
        ["Ingress", "Egress"],
        False,
        False,
    )
    for name, pod in pods(values).items():
        labels = pod["metadata"]["labels"]
        selecting = [
            policy
            for policy, each in policies.items()
            if each["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        ]
        assert sorted(selecting) == sorted([CLOSED, name])
        assert policies[name]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_a_server_without_peers_is_closed_rather_than_open() -> None:
    """A rule without peers allows every address."""
    nobody: Object = {"peers": []}
    objects = render({"servers": dict.fromkeys(set(SERVERS.values()), nobody), "networkPolicy": {"dns": []}})
    for each in objects:
        if each["kind"] == "NetworkPolicy":
            rules = [*(each["spec"].get("egress") or []), *(each["spec"].get("ingress") or [])]
            assert all(rule.get("to") or rule.get("from") for rule in rules)

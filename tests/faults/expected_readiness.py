"""Expected responses of `/readyz`: dependencies of each service, their names, and detection times."""

from collections.abc import Mapping

from tests.faults.fail_points import role_of
from tests.faults.faulty_system import CALLS, SERVERS, SERVICES, FaultySystem
from tests.faults.proxy import LinkState

# Role → required part → its name in `checks`. A fault of the link to a part counts like one of the part.
NEEDS: Mapping[str, Mapping[str, str]] = {
    "gateway": {"auth": "auth_service", "converter": "converter_service"},
    "auth": {"postgres": "postgresql"},
    "converter": {"mongo": "mongodb"},
    "worker": {"mongo": "mongodb", "rabbitmq": "rabbitmq"},
    "notification": {"mongo": "mongodb", "rabbitmq": "rabbitmq"},
}
# Role → optional part → its name in `checks`.
USES: Mapping[str, Mapping[str, str]] = {
    "gateway": {"notification": "notification_service", "rabbitmq": "rabbitmq"},
    "auth": {"rabbitmq": "rabbitmq"},
    "converter": {"rabbitmq": "rabbitmq"},
    "worker": {},
    "notification": {"mail": "smtp"},
}
# Each service caches a probe's result for a second; the rest is tolerance for a slow machine.
KNOWN_AFTER_S = 2.0
THROUGH_ANOTHER_S = 4.0
# A probe has three seconds; a request that joins a running probe waits at most three more.
ANSWERED_WITHIN_S = 6.0
FOUL = frozenset({LinkState.CUT, LinkState.SILENT, LinkState.DEAF})


def lacking(name: str, broken: frozenset[str]) -> dict[str, str]:
    """Returns the unavailable dependencies of a service: part → name in `checks`.

    `broken`: parts and links.
    """
    known = {**NEEDS[role_of(name)], **USES[role_of(name)]}
    return {part: said for part, said in known.items() if is_out_of_reach(name, part, broken)}


def is_out_of_reach(name: str, part: str, broken: frozenset[str]) -> bool:
    """Returns True if a part or the link to it is broken, or the part itself is not ready."""
    if part in broken or f"{name}>{part}" in broken:
        return True
    return part in SERVICES and not may_be_ready(part, broken)


def may_be_ready(name: str, broken: frozenset[str]) -> bool:
    return not any(is_out_of_reach(name, part, broken) for part in NEEDS[role_of(name)])


def lacks_itself(name: str, broken: frozenset[str]) -> bool:
    """Returns True if a direct dependency is broken, not only one of another service."""
    return any(part in broken or f"{name}>{part}" in broken for part in NEEDS[role_of(name)])


def broken_in(system: FaultySystem) -> frozenset[str]:
    """Returns the parts that are stopped or frozen now, and the links that pass no bytes."""
    parts = {name for name in system.parts if not system.is_alive(name) or system.is_frozen(name)}
    links = {name for name, link in system.proxies.links.items() if link.state in FOUL}
    return frozenset(parts | links)


def links_to(*called: str) -> list[str]:
    return [f"{caller}>{name}" for caller in SERVICES for name in CALLS[caller] if name in called]


EVERYTHING = frozenset({*SERVERS, *SERVICES})

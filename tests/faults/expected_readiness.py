"""What each service's `/readyz` has to say, by what is true: who needs what, by which name, and how soon."""

from collections.abc import Mapping

from tests.faults.fail_points import role_of
from tests.faults.faulty_system import CALLS, SERVERS, SERVICES, FaultySystem
from tests.faults.proxy import LinkState

# Role → what it cannot do without → its name there. A link of the same name does as much harm.
NEEDS: Mapping[str, Mapping[str, str]] = {
    "gateway": {"auth": "auth_service", "converter": "converter_service"},
    "auth": {"postgres": "postgresql"},
    "converter": {"mongo": "mongodb"},
    "worker": {"mongo": "mongodb", "rabbitmq": "rabbitmq"},
    "notification": {"mongo": "mongodb", "rabbitmq": "rabbitmq"},
}
# What it names and goes on without.
USES: Mapping[str, Mapping[str, str]] = {
    "gateway": {"notification": "notification_service", "rabbitmq": "rabbitmq"},
    "auth": {"rabbitmq": "rabbitmq"},
    "converter": {"rabbitmq": "rabbitmq"},
    "worker": {},
    "notification": {"mail": "smtp"},
}
# A probe's answer is remembered for a second by each service on the way, and this machine may be slow.
KNOWN_AFTER_S = 2.0
THROUGH_ANOTHER_S = 4.0
# A probe gets three seconds; whoever waits for one that somebody else began gets no more than another three.
ANSWERED_WITHIN_S = 6.0
FOUL = frozenset({LinkState.CUT, LinkState.SILENT, LinkState.DEAF})


def lacking(name: str, broken: frozenset[str]) -> dict[str, str]:
    """What this service needs or uses and does not have → its name in `checks`. `broken`: parts and links."""
    known = {**NEEDS[role_of(name)], **USES[role_of(name)]}
    return {part: said for part, said in known.items() if is_out_of_reach(name, part, broken)}


def is_out_of_reach(name: str, part: str, broken: frozenset[str]) -> bool:
    """Also when it says of itself that it is not ready."""
    if part in broken or f"{name}>{part}" in broken:
        return True
    return part in SERVICES and not may_be_ready(part, broken)


def may_be_ready(name: str, broken: frozenset[str]) -> bool:
    return not any(is_out_of_reach(name, part, broken) for part in NEEDS[role_of(name)])


def lacks_itself(name: str, broken: frozenset[str]) -> bool:
    """Something that it asks itself: nobody has to tell it."""
    return any(part in broken or f"{name}>{part}" in broken for part in NEEDS[role_of(name)])


def broken_in(system: FaultySystem) -> frozenset[str]:
    """Parts that are dead or stand still, links that carry nothing: as it is now."""
    parts = {name for name in system.parts if not system.is_alive(name) or system.is_frozen(name)}
    links = {name for name, link in system.proxies.links.items() if link.state in FOUL}
    return frozenset(parts | links)


def links_to(*called: str) -> list[str]:
    return [f"{caller}>{name}" for caller in SERVICES for name in CALLS[caller] if name in called]


EVERYTHING = frozenset({*SERVERS, *SERVICES})

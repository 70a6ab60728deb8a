"""File descriptors: each connection takes one, and a process that has none left answers nobody."""

import resource

from shared.logs import get_logger

# Besides connections: listeners, the broker, logs, the runtime's own.
OWN = 64


def connection_limit(wanted: int, beside: int) -> int:
    """How many connections may be open at once, next to `beside` others: as many as wanted, or as the system
    lets this process have. Raises the process's own limit as far as that is allowed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + beside + OWN
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(16, soft - beside - OWN)
    get_logger(__name__).warning("fewer connections than wanted", wanted=wanted, possible=possible)
    return possible

"""Limit of open connections, from the file descriptors that the process may use."""

import resource

from shared.logs import get_logger

# Descriptors for other purposes: listeners, the broker, logs, the runtime.
RESERVED = 64


def connection_limit(wanted: int, others: int) -> int:
    """The number of client connections that may be open at once, besides `others` to other servers.

    Raises the process's soft limit as far as allowed; returns less than `wanted` where that does not suffice.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + others + RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(16, soft - others - RESERVED)
    get_logger(__name__).warning("connection limit reduced", wanted=wanted, possible=possible)
    return possible

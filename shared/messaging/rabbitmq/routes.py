"""Exchanges through which a process publishes, which depend on the permissions of its user."""

from typing import Self

import msgspec
from yarl import URL

from shared.messaging.ports import Process
from shared.messaging.rabbitmq.topology import Names


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """Names of exchanges; the routing keys are the same in both cases.

    A user that is named after its process is limited to one exchange, whose bindings decide which keys lead
    where (`definitions.py`). It may declare nothing durable: an administrator does. Any other user is taken
    for one with all rights: it publishes to the shared exchanges and declares what is missing.
    """

    events: str
    dead_letters: str
    queues: str
    declares: bool

    @classmethod
    def of(cls, url: str, names: Names, process: Process | None) -> Self:
        if process is not None and URL(url).user == process.user:
            own = names.exchange_of(process)
            return cls(events=own, dead_letters=own, queues=own, declares=False)
        return cls(events=names.events, dead_letters=names.dead_letters, queues="", declares=True)

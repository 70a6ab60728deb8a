"""RabbitMQ definitions: the durable topology, and what the user of each process may do.

Each process publishes into a direct exchange of its own, which it can neither bind nor declare. The bindings
decide: names of its events lead to the exchange of all events, names of its retry tiers to these, and names
of its queues to the dead letters. Topic permissions alone would not do: whoever may declare a queue and write
to an exchange can have a queue dead-letter messages into it under any routing key, unchecked.

https://www.rabbitmq.com/docs/definitions, https://www.rabbitmq.com/docs/access-control
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.messaging.ports import Process
from shared.messaging.rabbitmq.topology import (
    Names,
    dead_letter_arguments,
    retry_arguments,
    tier_name,
    work_queue_arguments,
)

Definition = dict[str, Any]
NOTHING = "^$"


def topology(vhost: str, processes: Sequence[Process], names: Names) -> dict[str, list[Definition]]:
    """The vhost's durable exchanges, queues and bindings, and the permissions of the processes' users."""
    return {
        "exchanges": [
            {"vhost": vhost, "durable": True, "auto_delete": False, "internal": False, "arguments": {}} | each
            for each in _exchanges(processes, names)
        ],
        "queues": [
            {"vhost": vhost, "durable": True, "auto_delete": False, "name": name, "arguments": dict(given)}
            for name, given in _queues(processes, names)
        ],
        "bindings": [
            {"vhost": vhost, "arguments": {}} | each
            for process in processes
            for each in _bindings(process, processes, names)
        ]
        + [{"vhost": vhost, "arguments": {}} | _binding(names.dead_letters, "", queue=names.dead_letters)],
        "permissions": [
            {"user": each.user, "vhost": vhost} | _permissions(each, names) for each in processes
        ],
        "topic_permissions": [
            {"user": each.user, "vhost": vhost, "exchange": names.events, "write": NOTHING}
            | {"read": _any_of(event.type for broadcast in each.listens for event in broadcast.events)}
            for each in processes
        ],
    }


def _exchanges(processes: Sequence[Process], names: Names) -> Iterator[Definition]:
    yield {"name": names.events, "type": "topic"}
    yield {"name": names.dead_letters, "type": "fanout"}
    for process in processes:
        yield {"name": names.exchange_of(process), "type": "direct"}


def _queues(processes: Sequence[Process], names: Names) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield names.dead_letters, dead_letter_arguments()
    for process in processes:
        for subscription in process.consumes:
            yield subscription.queue, work_queue_arguments(names, subscription)
            for tier in subscription.retry_tiers:
                yield tier_name(subscription.queue, tier), retry_arguments(subscription, tier)


def _bindings(process: Process, processes: Sequence[Process], names: Names) -> Iterator[Definition]:
    """What leads from the process's exchange elsewhere, and events to its queues."""
    own = names.exchange_of(process)
    for event in process.publishes:
        yield _binding(own, event.type, exchange=names.events)
    for subscription in process.consumes:
        name = subscription.queue
        yield _binding(own, name, exchange=names.dead_letters)
        for tier in subscription.retry_tiers:
            yield _binding(own, tier_name(name, tier), queue=tier_name(name, tier))
        for event in subscription.events:
            yield _binding(names.events, event.type, queue=name)
    if process.keeps_dead_letters:
        for name in (each.queue for other in processes for each in other.consumes):
            yield _binding(own, name, queue=name)


def _binding(source: str, key: str, *, queue: str = "", exchange: str = "") -> Definition:
    kind = "queue" if queue else "exchange"
    return {
        "source": source,
        "routing_key": key,
        "destination": queue or exchange,
        "destination_type": kind,
    }


def _permissions(process: Process, names: Names) -> Definition:
    """Broadcast queues are the process's own; work queues it may consume only."""
    broadcasts = [rf"{re.escape(each.name)}\..+" for each in process.listens]
    publishes = bool(process.publishes or process.consumes)
    queues = [re.escape(each.queue) for each in process.consumes]
    queues += [re.escape(names.dead_letters)] if process.keeps_dead_letters else []
    return {
        "configure": _pattern(broadcasts),
        "write": _pattern([*broadcasts, *([re.escape(names.exchange_of(process))] if publishes else [])]),
        "read": _pattern([*broadcasts, *queues, *([re.escape(names.events)] if broadcasts else [])]),
    }


def _any_of(names: Iterable[str]) -> str:
    return _pattern(sorted({re.escape(name) for name in names}))


def _pattern(parts: Sequence[str]) -> str:
    """A pattern for one of `parts`; for nothing if there are none."""
    return f"^({'|'.join(parts)})$" if parts else NOTHING

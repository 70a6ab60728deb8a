"""The command line for operators: `dead-letters list`, `show`, `replay` and `discard`."""

import getpass
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from converter_service.conversions.events import SOURCE
from converter_service.dead_letters.model import DeadLetterStatus
from converter_service.dead_letters.schemas import detail, view
from converter_service.dead_letters.service import OPERATOR, DeadLetterService
from converter_service.settings import DeadLetterSettings
from converter_service.storage.dead_letters import MongoDeadLetters
from shared.contracts.events import OperatorActed
from shared.errors import ServiceError, Unavailable
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Broker
from shared.messaging.processes import CONVERTER
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import connect, database_of
from shared.mongo_clock import ServerClock

USAGE = "usage: python -m converter_service dead-letters [list | show <id> | replay <id> | discard <id>]"
# Subcommand → action of its audit event.
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "list": "dead_letters_listed",
        "show": "dead_letter_read",
        "replay": "dead_letter_replayed",
        "discard": "dead_letter_discarded",
    }
)
PAGE = 100


class CommandError(Exception):
    """The command is malformed or failed; the message is for the operator."""


async def execute(arguments: Sequence[str], settings: DeadLetterSettings) -> AsyncIterator[str]:
    """Executes a command and yields lines of JSON. Raises CommandError.

    The audit event is published before the execution: nothing is done without a record.
    """
    match arguments:
        case ["list"] | ["show" | "replay" | "discard", _]:
            client = connect(settings.mongo_url, "tonegate-converter")
            url = settings.amqp_url.reveal()
            broker = RabbitMQ(url, "converter_operator", SUBSCRIPTIONS, process=CONVERTER)
        case _:
            raise CommandError(USAGE)
    database = database_of(client)
    clock = ServerClock(database)
    service = DeadLetterService(MongoDeadLetters(database), broker.put_back, settings.retention, clock)
    try:
        async with client, broker:
            await clock.ask()
            await _record(broker, *arguments)
            async for line in _lines(service, *arguments):
                yield line
    except ServiceError as refused:
        raise CommandError(refused.detail) from refused


async def _lines(service: DeadLetterService, command: str, dead_letter_id: str = "") -> AsyncIterator[str]:
    match command:
        case "list":
            before: str | None = None
            while found := await service.page(DeadLetterStatus.WAITING, before, PAGE):
                for dead_letter in found:
                    yield _line(view(dead_letter))
                before = found[-1].id
        case "show":
            yield _line(detail(await service.get(dead_letter_id)))
        case "replay":
            yield _line(view(await service.replay(dead_letter_id, OPERATOR)))
        case "discard":
            yield _line(view(await service.discard(dead_letter_id, OPERATOR)))


async def _record(broker: Broker, command: str, dead_letter_id: str = "") -> None:
    """Publishes the audit event. Raises Unavailable."""
    about = {"dead_letter": dead_letter_id[:64]} if dead_letter_id else {}
    event = OperatorActed(action=ACTIONS[command], details={"by": _operator_name(), **about})
    try:
        await broker.publish(wrap(event, SOURCE, "operator"))
    except PublishFailed as failed:
        raise Unavailable(f"The audit event was not published: {failed}.") from failed


def _line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _operator_name() -> str:
    """User and host name, for the audit event."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:200]

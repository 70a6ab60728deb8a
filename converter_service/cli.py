"""The command line for operators: `dead-letters list`, `show`, `replay` and `discard`."""

import getpass
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import msgspec

from converter_service.conversions.events import SOURCE
from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus
from converter_service.dead_letters.schemas import detail, view
from converter_service.dead_letters.service import OPERATOR, DeadLetterService
from converter_service.settings import DeadLetterSettings
from converter_service.storage.dead_letters import MongoDeadLetters
from shared.contracts.events import OperatorActed
from shared.errors import ServiceError, Unavailable
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Broker
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import ServerClock, connect, database_of

USAGE = "usage: python -m converter_service dead-letters [list | show <id> | replay <id> | discard <id>]"
# Number of words of each subcommand.
WORDS: Mapping[str, int] = MappingProxyType({"list": 1, "show": 2, "replay": 2, "discard": 2})
PAGE = 100


class CommandError(Exception):
    """The command is malformed or failed; the message is for the operator."""


class DeadLetterCommands:
    """Dead-letter operations for an operator; each publishes an audit event before it is executed."""

    def __init__(self, dead_letter_service: DeadLetterService, broker: Broker) -> None:
        self._service = dead_letter_service
        self._broker = broker

    async def listed(self) -> AsyncIterator[DeadLetter]:
        """Yields the waiting dead letters, latest first."""
        await self._record("dead_letters_listed")
        before: str | None = None
        while found := await self._service.page(DeadLetterStatus.WAITING, before, PAGE):
            for letter in found:
                yield letter
            before = found[-1].id

    async def shown(self, letter_id: str) -> DeadLetter:
        await self._record("dead_letter_read", letter_id)
        return await self._service.get(letter_id)

    async def replayed(self, letter_id: str) -> DeadLetter:
        await self._record("dead_letter_replayed", letter_id)
        return await self._service.replay(letter_id, OPERATOR)

    async def discarded(self, letter_id: str) -> DeadLetter:
        await self._record("dead_letter_discarded", letter_id)
        return await self._service.discard(letter_id, OPERATOR)

    async def _record(self, action: str, letter_id: str | None = None) -> None:
        """Publishes the audit event. Raises Unavailable, so that nothing is done without a record."""
        details = (
            {"by": _operator_name()}
            if letter_id is None
            else {"by": _operator_name(), "dead_letter": letter_id[:64]}
        )
        event = OperatorActed(action=action, details=details)
        try:
            await self._broker.publish(wrap(event, SOURCE, "operator"))
        except PublishFailed as failed:
            raise Unavailable(f"The audit event was not published: {failed}.") from failed


@asynccontextmanager
async def connected(settings: DeadLetterSettings) -> AsyncIterator[DeadLetterCommands]:
    """Connects to MongoDB and RabbitMQ. Raises Unavailable."""
    client = connect(settings.mongo_url, "tonegate-converter")
    database = database_of(client)
    clock = ServerClock(database)
    broker = RabbitMQ(settings.amqp_url.reveal(), "converter_operator", SUBSCRIPTIONS)
    async with client, broker:
        await clock.ask()
        dead_letter_service = DeadLetterService(
            MongoDeadLetters(database), broker.put_back, settings.retention, clock
        )
        yield DeadLetterCommands(dead_letter_service, broker)


async def execute(arguments: Sequence[str], settings: DeadLetterSettings) -> AsyncIterator[str]:
    """Executes a command and yields lines of JSON. Raises CommandError."""
    if len(arguments) != WORDS.get(next(iter(arguments), "")):
        raise CommandError(USAGE)
    try:
        async with connected(settings) as operator:
            match arguments:
                case ["list"]:
                    async for letter in operator.listed():
                        yield _line(view(letter))
                case ["show", letter_id]:
                    yield _line(detail(await operator.shown(letter_id)))
                case ["replay", letter_id]:
                    yield _line(view(await operator.replayed(letter_id)))
                case ["discard", letter_id]:
                    yield _line(view(await operator.discarded(letter_id)))
    except ServiceError as refused:
        raise CommandError(refused.detail) from refused


def _line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _operator_name() -> str:
    """User and host name, for the audit event."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:200]

"""Which queries carry the keys by which docs/scaling.md shards MongoDB's collections, by the server's plans.

A query that has the whole key goes to one shard; another one goes to all of them. The commands are those that
the stores send; the server that explains them is not sharded.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion
from devstack.home import REPOSITORY
from shared.clock import utc_now
from shared.mongo import Document
from tests.support.worker_harness import WorkerHarness

KEYS = {"conversions": "_id", "fs.files": "_id", "fs.chunks": "files_id"}
QUERIES = ("find", "aggregate", "update", "delete", "findAndModify")
# Parts of a command that the driver adds for one execution only.
OF_ONE_EXECUTION = (
    "lsid",
    "txnNumber",
    "writeConcern",
    "maxTimeMS",
    "$clusterTime",
    "$db",
    "$readPreference",
)
OWNER = "alice"
SCALING = REPOSITORY / "docs" / "scaling.md"
PIECE = b"x" * (1024 * 1024 + 1)
Operation = Callable[[WorkerHarness, Conversion], Awaitable[object]]


class Commands(CommandListener):
    """Records the queries that a client sends."""

    def __init__(self) -> None:
        self.sent: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in QUERIES:
            command = {name: part for name, part in event.command.items() if name not in OF_ONE_EXECUTION}
            self.sent.append(command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Does nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Does nothing."""


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
async def harness(mongo_url: str, tmp_path: Path, commands: Commands) -> AsyncIterator[WorkerHarness]:
    async with AsyncMongoClient[Document](mongo_url, tz_aware=True, event_listeners=[commands]) as client:
        made = WorkerHarness(client, tmp_path)
        await made.store.prepare()
        await made.blobs.prepare()
        yield made
        made.scratch.close()


async def pieces() -> AsyncIterator[bytes]:
    yield PIECE


async def read(harness: WorkerHarness, conversion: Conversion) -> None:
    async for _ in await harness.blobs.open(str(conversion.source_blob)):
        pass


async def deliver(harness: WorkerHarness) -> None:
    await harness.outbox.clear(await harness.outbox.claim(10, 60))


# On the way of every upload, conversion, download and event: the conversion is known, or the bytes.
ON_THE_WAY: dict[str, Operation] = {
    "read a blob": read,
    "recover a blob": lambda harness, each: harness.blobs.recover(str(each.source_blob)),
    "recover an unfinished blob": lambda harness, _: harness.blobs.recover(new_id()),
    "delete a blob": lambda harness, each: harness.blobs.delete(str(each.source_blob)),
    "read a conversion": lambda harness, each: harness.store.get(each.id),
    "save a conversion": lambda harness, each: harness.store.save(each),
    "remove a conversion": lambda harness, each: harness.store.remove(each.id),
}
# On that way too, but asked for by an account, a key or a state.
BY_OTHER_FIELDS: dict[str, Operation] = {
    "sum up stored bytes": lambda harness, _: harness.queue.usage(OWNER),
    "count the queue": lambda harness, _: harness.queue.length(10),
    "take the next turn": lambda harness, _: harness.queue.next(utc_now(), ""),
    "count running conversions": lambda harness, _: harness.queue.running(OWNER),
    "claim events": lambda harness, _: harness.outbox.claim(1, 60),
    "find a stored result": lambda harness, _: harness.store.by_result_cache_key(OWNER, "key"),
    "find an idempotency key": lambda harness, _: harness.store.by_idempotency_key("key"),
    "list conversions": lambda harness, _: harness.store.page(OWNER, None, None, 10),
    "find what is due": lambda harness, _: harness.store.due(utc_now(), 10),
    "find the users of a blob": lambda harness, each: harness.store.referenced_blobs([str(each.source_blob)]),
    "scan the ids of blobs": lambda harness, _: harness.blobs.ids("", 2),
}


async def explained(harness: WorkerHarness, command: Document) -> Document:
    """The server's explanation of a command: its `queryPlanner`."""
    found = await harness.database.command("explain", command, verbosity="queryPlanner")
    return next(each["queryPlanner"] for each in nested(found) if "queryPlanner" in each)


def nested(value: Any) -> Iterator[Document]:
    """All documents in a value, the outermost first."""
    if isinstance(value, dict):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from nested(part)


def fixed_fields(plan: Document) -> set[str]:
    """The fields that a query compares with one value."""
    if "parsedQuery" not in plan:  # the server parses no query for a deletion by _id
        assert "IDHACK" in str(plan["winningPlan"])
        return {"_id"}
    parsed = plan["parsedQuery"]
    conditions = parsed.get("$and", [parsed])
    return {
        field
        for condition in conditions
        for field, comparison in condition.items()
        if isinstance(comparison, dict) and "$eq" in comparison
    }


async def sent_by(commands: Commands, operation: Awaitable[object]) -> list[Document]:
    """The queries that an operation sends."""
    commands.sent.clear()
    await operation
    return list(commands.sent)


async def carried(harness: WorkerHarness, commands: Commands, operation: Operation) -> dict[str, bool]:
    """For each collection that an operation queries whether all of its queries carry the collection's key."""
    conversion = await harness.queued(PIECE, OWNER)
    sent = await sent_by(commands, operation(harness, conversion))
    assert sent
    found = dict[str, bool]()
    for command in sent:
        collection = command[next(iter(command))]
        plan = await explained(harness, command)
        assert "COLLSCAN" not in str(plan["winningPlan"]), "reads an index"
        has_key = KEYS[collection] in fixed_fields(plan)
        found[collection] = found.get(collection, True) and has_key
    return found


@pytest.mark.parametrize("name", ON_THE_WAY)
async def test_queries_on_the_way_of_a_conversion_carry_the_key(
    harness: WorkerHarness, commands: Commands, name: str
) -> None:
    assert set((await carried(harness, commands, ON_THE_WAY[name])).values()) == {True}


@pytest.mark.parametrize("name", BY_OTHER_FIELDS)
async def test_other_queries_do_not_and_are_listed_in_the_documents(
    harness: WorkerHarness, commands: Commands, name: str
) -> None:
    assert set((await carried(harness, commands, BY_OTHER_FIELDS[name])).values()) == {False}
    assert name in SCALING.read_text()


async def test_a_blob_is_written_without_queries(harness: WorkerHarness, commands: Commands) -> None:
    """Inserts have all fields, so that each goes to one shard."""
    assert await sent_by(commands, harness.blobs.write(new_id(), pieces())) == []


async def test_a_stored_result_is_found_by_its_index(harness: WorkerHarness, commands: Commands) -> None:
    """Also in an account with many conversions."""
    conversion = await harness.queued(PIECE, OWNER)
    document = await harness.database["conversions"].find_one({"_id": conversion.id})
    others = [{**(document or {}), "_id": new_id(), "status": "completed"} for _ in range(200)]
    await harness.database["conversions"].insert_many(others)
    [command] = await sent_by(commands, harness.store.by_result_cache_key(OWNER, "key"))
    assert "'indexName': 'made_after'" in str((await explained(harness, command))["winningPlan"])


async def test_events_are_cleared_by_the_key(harness: WorkerHarness, commands: Commands) -> None:
    conversion = await harness.queued(PIECE, OWNER)
    await harness.store.save(conversion, *harness.events.uploaded(conversion))
    pending = await harness.outbox.claim(10, 60)
    assert pending

    async def clear(shop: WorkerHarness, _: Conversion) -> None:
        await shop.outbox.clear(pending)

    assert await carried(harness, commands, clear) == {"conversions": True}


async def test_the_unique_indexes_allow_the_keys_of_the_bytes_but_not_that_of_conversions(
    harness: WorkerHarness,
) -> None:
    """A collection can be sharded by a key only if each of its unique indexes begins with it."""
    hindering = dict[str, set[str]]()
    for collection, key in KEYS.items():
        indexes = await harness.database[collection].index_information()
        unique = {name: each["key"] for name, each in indexes.items() if each.get("unique")}
        hindering[collection] = {name for name, fields in unique.items() if fields[0][0] not in {"_id", key}}
    assert hindering == {
        "conversions": {"idempotency_key"},
        "fs.files": set(),
        "fs.chunks": set(),
    }

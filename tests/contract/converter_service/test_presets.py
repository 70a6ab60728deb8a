"""Contract of PresetStore: all presets of an account are one value, saved with optimistic locking."""

import pytest
from msgspec.structs import replace

from converter_service.presets.model import PresetBook, StoredPreset
from converter_service.presets.ports import PresetConflict, PresetStore
from converter_service.storage.presets import MongoPresets
from shared.mongo import Client, database_of
from tests.support.in_memory.presets import MemoryPresets

PRESET = StoredPreset(
    "Podcast \U0001f3a7 $a.b", {"format": "opus", "loudness": -16.0, "channels": 1}, default=True
)


@pytest.fixture(params=["memory", "mongo"])
def presets(request: pytest.FixtureRequest) -> PresetStore:
    if request.param == "memory":
        return MemoryPresets()
    client: Client = request.getfixturevalue("mongo_client")
    return MongoPresets(database_of(client))


async def test_an_account_without_presets_has_an_empty_book(presets: PresetStore) -> None:
    assert await presets.get("alice") == PresetBook("alice")


async def test_presets_are_saved_for_their_account_alone(presets: PresetStore) -> None:
    await presets.save(PresetBook("alice", (PRESET,)))
    assert (await presets.get("alice")).presets == (PRESET,)
    assert (await presets.get("bob")).presets == ()


async def test_a_value_that_is_not_made_from_the_newest_is_refused(presets: PresetStore) -> None:
    first = PresetBook("alice", (PRESET,))
    await presets.save(first)
    with pytest.raises(PresetConflict):
        await presets.save(first)
    newest = await presets.get("alice")
    await presets.save(replace(newest, presets=()))
    with pytest.raises(PresetConflict):
        await presets.save(newest)
    assert (await presets.get("alice")).presets == ()


async def test_presets_are_removed_with_their_account(presets: PresetStore) -> None:
    await presets.save(PresetBook("alice", (PRESET,)))
    await presets.remove("alice")
    await presets.remove("alice")
    assert await presets.get("alice") == PresetBook("alice")
    await presets.save(PresetBook("alice"))

"""The record of a deleted conversion is kept until the lease of its writer has expired."""

from datetime import timedelta

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.transitions.removal import deleted
from tests.support.conversions import NOON, uploading
from tests.support.in_memory.conversions import MemoryBlobs, MemoryConversions


async def test_the_record_of_a_deleted_upload_is_kept_until_its_lease_expires() -> None:
    store, gone = MemoryConversions(), deleted(uploading(), NOON)
    assert gone.due_at is not None
    await store.add(gone)
    cleanup = Cleanup(store, MemoryBlobs())
    await cleanup.purge_unless_written(gone, gone.due_at - timedelta(seconds=1))
    assert await store.get(gone.id) == gone
    await cleanup.purge_unless_written(gone, gone.due_at)
    assert await store.get(gone.id) is None

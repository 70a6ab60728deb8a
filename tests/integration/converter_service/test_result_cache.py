"""Result cache: audio of the same video, options and account is copied instead of made again."""

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.transitions.removal import deleted
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted
from tests.support.worker_harness import VIDEO, ScriptedTranscoder, WorkerHarness

OTHER = {"format": "mp3", "bitrate": "128k"}


async def converted(
    harness: WorkerHarness, transcoder: ScriptedTranscoder, conversion: Conversion
) -> Conversion:
    await harness.worker(transcoder).run(conversion.id)
    done = await harness.now(conversion)
    assert done.status is State.COMPLETED
    return done


async def test_the_same_video_again_gets_a_copy_without_a_conversion(harness: WorkerHarness) -> None:
    transcoder, another = ScriptedTranscoder("first"), ScriptedTranscoder("never")
    first = await converted(harness, transcoder, await harness.queued())
    second = await converted(harness, another, await harness.queued())
    assert (transcoder.runs, another.runs) == (1, 0)
    assert (second.result, second.source) == (first.result, first.source)
    assert second.audio_blob != first.audio_blob
    assert [type(event) for event in await harness.announced()] == [ConversionCompleted] * 2
    await harness.store.save(deleted(first, utc_now()))
    await harness.sweeper.sweep()
    assert await harness.audio(second) == transcoder.audio_of(VIDEO)
    assert await harness.blobs_stored() == {second.source_blob, second.audio_blob}


@pytest.mark.parametrize("differs", ["owner", "options", "bytes", "expired"])
async def test_another_video_or_other_options_are_converted(harness: WorkerHarness, differs: str) -> None:
    first = await converted(harness, ScriptedTranscoder("first"), await harness.queued())
    match differs:
        case "owner":
            second = await harness.queued(owner_id="bob")
        case "options":
            second = await harness.queued()
            await harness.store.save(replace(second, options=OTHER))
        case "bytes":
            second = await harness.queued(VIDEO + b".")
        case _:
            second = await harness.queued()
            past = utc_now()
            await harness.store.save(replace(first, expires_at=past, due_at=past))
            await harness.sweeper.sweep()
    transcoder = ScriptedTranscoder("second")
    await converted(harness, transcoder, second)
    assert transcoder.runs == 1
    assert (await harness.audio(second)).startswith(b"second")


@pytest.mark.parametrize("harm", ["gone", "changed", "cut off"])
async def test_an_audio_that_has_changed_is_not_copied(harness: WorkerHarness, harm: str) -> None:
    first = await converted(harness, ScriptedTranscoder("first"), await harness.queued())
    blob = str(first.audio_blob)
    match harm:
        case "gone":
            await harness.blobs.delete(blob)
        case "cut off":
            await harness.database["fs.chunks"].delete_many({"files_id": blob})
        case _:
            await harness.database["fs.chunks"].update_many({"files_id": blob}, {"$set": {"data": b"rot"}})
    second = await converted(harness, ScriptedTranscoder("second"), await harness.queued())
    assert (await harness.audio(second)).startswith(b"second")
    assert await harness.blobs_stored() - {blob} == {
        first.source_blob,
        second.source_blob,
        second.audio_blob,
    }

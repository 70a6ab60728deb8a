"""The same video again is not converted again; whose it is and what was asked for makes it another."""

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.transitions.removal import deleted
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted
from tests.support.worker_harness import VIDEO, ScriptedTranscoder, Workshop

OTHER = {"format": "mp3", "bitrate": "128k"}


async def converted(workshop: Workshop, transcoder: ScriptedTranscoder, conversion: Conversion) -> Conversion:
    await workshop.worker(transcoder).run(conversion.id)
    done = await workshop.now(conversion)
    assert done.status is State.COMPLETED
    return done


async def test_the_same_again_gets_bytes_of_its_own_without_a_conversion(workshop: Workshop) -> None:
    transcoder, another = ScriptedTranscoder("first"), ScriptedTranscoder("never")
    first = await converted(workshop, transcoder, await workshop.queued())
    second = await converted(workshop, another, await workshop.queued())
    assert (transcoder.runs, another.runs) == (1, 0)
    assert (second.result, second.source) == (first.result, first.source)
    assert second.audio_blob != first.audio_blob
    assert [type(event) for event in await workshop.announced()] == [ConversionCompleted] * 2
    await workshop.store.save(deleted(first, utc_now()))
    await workshop.sweeper.sweep()
    assert await workshop.audio(second) == transcoder.audio_of(VIDEO)
    assert await workshop.blobs_stored() == {second.source_blob, second.audio_blob}


@pytest.mark.parametrize("differs", ["owner", "options", "bytes", "expired"])
async def test_what_is_not_the_same_is_converted(workshop: Workshop, differs: str) -> None:
    first = await converted(workshop, ScriptedTranscoder("first"), await workshop.queued())
    match differs:
        case "owner":
            second = await workshop.queued(owner_id="bob")
        case "options":
            second = await workshop.queued()
            await workshop.store.save(replace(second, options=OTHER))
        case "bytes":
            second = await workshop.queued(VIDEO + b".")
        case _:
            second = await workshop.queued()
            past = utc_now()
            await workshop.store.save(replace(first, expires_at=past, due_at=past))
            await workshop.sweeper.sweep()
    transcoder = ScriptedTranscoder("second")
    await converted(workshop, transcoder, second)
    assert transcoder.runs == 1
    assert (await workshop.audio(second)).startswith(b"second")


@pytest.mark.parametrize("harm", ["gone", "changed", "cut off"])
async def test_an_audio_that_is_not_what_it_was_is_not_reused(workshop: Workshop, harm: str) -> None:
    first = await converted(workshop, ScriptedTranscoder("first"), await workshop.queued())
    blob = str(first.audio_blob)
    match harm:
        case "gone":
            await workshop.blobs.delete(blob)
        case "cut off":
            await workshop.database["fs.chunks"].delete_many({"files_id": blob})
        case _:
            await workshop.database["fs.chunks"].update_many({"files_id": blob}, {"$set": {"data": b"rot"}})
    second = await converted(workshop, ScriptedTranscoder("second"), await workshop.queued())
    assert (await workshop.audio(second)).startswith(b"second")
    assert await workshop.blobs_stored() - {blob} == {
        first.source_blob,
        second.source_blob,
        second.audio_blob,
    }

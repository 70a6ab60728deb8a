"""Waveform and chapters of a result: stored beside it, answered to its owner, removed with it."""

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion
from converter_service.conversions.result_details import ResultDetails, encode_details, read_details
from converter_service.conversions.transitions.removal import deleted
from converter_service.jobs.result_details import DetailsWriter
from converter_service.media.media_info import Chapter
from converter_service.media.waveform import Waveform
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from shared.errors import Unavailable
from tests.support.conversions import converting, done
from tests.support.converter import ConverterApi
from tests.support.worker_harness import ScriptedTranscoder, WorkerHarness

WAVEFORM = Waveform(44_100, 4_410, bytes((129, 127, 0, 1, 255, 64)))
CHAPTERS = (Chapter(0.0, 1.25, "One"), Chapter(1.25, 2.0004, "<b>Zwei</b>"))


async def converted(harness: WorkerHarness, transcoder: ScriptedTranscoder) -> Conversion:
    conversion = await harness.queued()
    await harness.worker(transcoder).run(conversion.id)
    return await harness.now(conversion)


async def test_details_are_stored_with_the_result_and_removed_with_it(harness: WorkerHarness) -> None:
    made = await converted(harness, ScriptedTranscoder(waveform=WAVEFORM))
    assert made.details_blob is not None
    assert await read_details(harness.blobs, made.details_blob) == ResultDetails(WAVEFORM)
    assert await harness.blobs_stored() == {made.source_blob, made.audio_blob, made.details_blob}
    await harness.store.save(deleted(made, utc_now()))
    await harness.sweeper.sweep()
    assert await harness.blobs_stored() == set()


async def test_a_result_without_a_waveform_is_complete(harness: WorkerHarness) -> None:
    made = await converted(harness, ScriptedTranscoder())
    assert (made.status, made.details_blob, made.temporary_blobs) == ("completed", None, ())


async def test_details_are_removed_when_the_result_expires(harness: WorkerHarness) -> None:
    made = await converted(harness, ScriptedTranscoder(waveform=WAVEFORM))
    past = utc_now()
    await harness.store.save(replace(made, expires_at=past, due_at=past))
    await harness.sweeper.sweep()
    assert (await harness.now(made)).details_blob is None
    assert await harness.blobs_stored() == set()


async def test_a_copied_result_has_a_copy_of_the_details(harness: WorkerHarness) -> None:
    first = await converted(harness, ScriptedTranscoder(waveform=WAVEFORM))
    second = await converted(harness, ScriptedTranscoder())
    await harness.store.save(deleted(first, utc_now()))
    await harness.sweeper.sweep()
    assert second.details_blob is not None
    assert await read_details(harness.blobs, second.details_blob) == ResultDetails(WAVEFORM)


async def test_a_conversion_is_complete_while_its_details_cannot_be_stored(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(DetailsWriter, "_write", away)
    made = await converted(harness, ScriptedTranscoder(waveform=WAVEFORM))
    assert (made.status, made.details_blob, made.temporary_blobs) == ("completed", None, ())
    assert await harness.blobs_stored() == {made.source_blob, made.audio_blob}


async def stored(api: ConverterApi, details: ResultDetails | None) -> Conversion:
    conversion = done(at=utc_now())
    if details is not None:
        await GridFSBlobs(api.database, utc_now).write("details-1", once(encode_details(details)))
        conversion = replace(conversion, details_blob="details-1")
    await MongoConversions(api.database, utc_now).add(conversion)
    return conversion


async def once(content: bytes):  # type: ignore[no-untyped-def]
    yield content


async def test_a_waveform_is_answered_in_the_form_of_audiowaveform(api: ConverterApi) -> None:
    conversion = await stored(api, ResultDetails(WAVEFORM, CHAPTERS))
    answer = await api.call("GET", f"/v1/conversions/{conversion.id}/waveform")
    assert (answer.status, await answer.json()) == (
        200,
        {
            "version": 2,
            "channels": 1,
            "sample_rate": 44_100,
            "samples_per_pixel": 4_410,
            "bits": 8,
            "length": 3,
            "data": [-127, 127, 0, 1, -1, 64],
        },
    )


async def test_chapters_are_answered_in_their_order(api: ConverterApi) -> None:
    conversion = await stored(api, ResultDetails(WAVEFORM, CHAPTERS))
    answer = await api.call("GET", f"/v1/conversions/{conversion.id}/chapters")
    assert (await answer.json())["items"] == [
        {"start": 0.0, "end": 1.25, "title": "One"},
        {"start": 1.25, "end": 2.0, "title": "<b>Zwei</b>"},
    ]


async def test_results_of_earlier_versions_have_no_waveform_and_no_chapters(api: ConverterApi) -> None:
    conversion = await stored(api, None)
    missing = await api.call("GET", f"/v1/conversions/{conversion.id}/waveform")
    assert (missing.status, (await missing.json())["code"]) == (404, "not_found")
    none = await api.call("GET", f"/v1/conversions/{conversion.id}/chapters")
    assert (none.status, await none.json()) == (200, {"items": []})


@pytest.mark.parametrize("part", ["waveform", "chapters"])
async def test_there_are_no_details_before_the_conversion_is_complete(api: ConverterApi, part: str) -> None:
    running = converting(at=utc_now())
    await MongoConversions(api.database, utc_now).add(running)
    answer = await api.call("GET", f"/v1/conversions/{running.id}/{part}")
    assert (answer.status, (await answer.json())["code"]) == (409, "not_ready")

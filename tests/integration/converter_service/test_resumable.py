"""Resumable uploads: after crashes, stalls and retries the stored bytes are those sent, in order."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.conversions.transitions.concatenation import assigned_to_final
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.errors import PartAlreadyUsed, UploadLocked, WrongOffset
from converter_service.maintenance.account_deletion import AccountDeletion
from converter_service.maintenance.sweeper import Sweeper
from converter_service.storage.gridfs_writer import CHUNK_BYTES
from converter_service.storage.queue import MongoQueue
from converter_service.tus.chunk import Checksum, UploadChunk
from converter_service.tus.creation import CreationRequest
from converter_service.tus.limits import ResumableLimits
from converter_service.tus.service import ResumableUploads
from shared.clock import utc_now
from shared.errors import (
    ChecksumMismatch,
    Gone,
    InvalidRequest,
    NotFound,
    RequestTimeout,
    ServiceError,
    TooLarge,
)
from shared.identity.principal import Principal
from tests.support.request_body import body_of
from tests.support.wait import until
from tests.support.worker_harness import ScriptedTranscoder, WorkerHarness

ALICE = Principal(user_id="alice", email="alice@example.org", roles=frozenset())
VIDEO = b"\x00\x00\x00\x18ftypmp42" + random.Random(5).randbytes(4 * CHUNK_BYTES + 4321)
DAY = timedelta(days=1)
LIMITS = ResumableLimits(1024**3, DAY, patience=timedelta(seconds=2))
LATER = timedelta(seconds=10)
PIECE = 70_001


class Body(UploadChunk):
    """A chunk that arrives as `content`, and ends as `ending` does."""

    def __init__(self, content: bytes, *, checksum: Checksum | None = None) -> None:
        super().__init__(body_of(self._pieces()), checksum)
        self.content = content
        self.sent = asyncio.Event()

    async def _pieces(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), PIECE):
            yield self.content[start : start + PIECE]
        self.sent.set()
        await self.ending()

    async def ending(self) -> None:
        """A complete body ends without an error."""


class BrokenBody(Body):
    async def ending(self) -> None:
        raise RequestTimeout


class StalledBody(Body):
    """Stalls after `content` until `go` is set; then raises `last`, if given."""

    def __init__(
        self, content: bytes, last: ServiceError | None = None, checksum: Checksum | None = None
    ) -> None:
        super().__init__(content, checksum=checksum)
        self.go = asyncio.Event()
        self._last = last

    async def ending(self) -> None:
        await self.go.wait()
        if self._last:
            raise self._last


class UploadRig:
    """One process of the api, whose clock is `ahead` of the others."""

    def __init__(self, harness: WorkerHarness, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead
        self.harness = harness
        self.uploads = ResumableUploads(
            harness.store,
            harness.blobs,
            harness.cleanup,
            harness.events,
            limits=LIMITS,
            clock=self.now,
            quota=harness.quota,
        )

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def begin(self, length: int | None = len(VIDEO), concat: str = "") -> Conversion:
        wanted = CreationRequest(
            length=length, filename="talk.mp4", fields={"bitrate": "128k"}, concat=concat
        )
        return await self.uploads.create(ALICE, wanted)

    async def offset(self, upload: Conversion) -> int:
        return upload_of(await self.uploads.state(ALICE, upload.id)).offset

    async def append(
        self, upload: Conversion, offset: int, body: Body, length: int | None = None
    ) -> Conversion:
        return await self.uploads.append(ALICE, upload.id, offset, body, length)

    async def rest(self, upload: Conversion, video: bytes = VIDEO) -> Conversion:
        """Resumes the upload as a client does: gets the offset, then sends the rest."""
        offset = await self.offset(upload)
        return await self.append(upload, offset, Body(video[offset:]))

    async def stored(self, upload: Conversion) -> bytes:
        blobs = (await self.harness.now(upload)).source_blobs
        return b"".join([piece for blob in blobs async for piece in await self.harness.blobs.open(blob)])


@pytest.fixture
def rig(harness: WorkerHarness) -> UploadRig:
    return UploadRig(harness)


@pytest.fixture
def late(harness: WorkerHarness) -> UploadRig:
    """A second process, for whose clock every lease of the first one has expired."""
    return UploadRig(harness, LATER)


async def chunks_stored(harness: WorkerHarness, at_least: int) -> None:
    async def some() -> bool:
        return await harness.database["fs.chunks"].count_documents({}) >= at_least

    await until(some, what="chunks that are stored")


async def killed(
    harness: WorkerHarness,
    rig: UploadRig,
    upload: Conversion,
    offset: int,
    content: bytes,
    length: int | None = None,
) -> None:
    """A request whose process crashes after it received `content`, with inserts still running."""
    body = StalledBody(content)
    task = asyncio.create_task(rig.append(upload, offset, body, length))
    await body.sent.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def small(checksum_of: bytes) -> Checksum:
    return Checksum("sha1", hashlib.sha1(checksum_of).digest())


async def test_bytes_before_a_broken_connection_are_kept(rig: UploadRig) -> None:
    upload = await rig.begin()
    with pytest.raises(RequestTimeout):
        await rig.append(upload, 0, BrokenBody(VIDEO[:1_500_001]))
    assert await rig.offset(upload) == 1_500_001
    whole = await rig.rest(upload)
    assert (whole.status, await rig.stored(upload)) == (State.QUEUED, VIDEO)


async def test_bytes_stored_by_a_crashed_process_are_kept(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    upload = await rig.begin()
    await killed(harness, rig, upload, 0, VIDEO[: 3 * CHUNK_BYTES + 5])
    kept = await late.offset(upload)
    assert (kept % CHUNK_BYTES, kept >= 2 * CHUNK_BYTES) == (0, True)
    assert await late.stored(upload) == VIDEO[:kept]
    await late.rest(upload)
    assert await late.stored(upload) == VIDEO


async def test_an_upload_whose_process_crashed_after_the_last_byte_is_complete(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    video = VIDEO[: 4 * CHUNK_BYTES]
    upload = await rig.begin(len(video))
    await killed(harness, rig, upload, 0, video)
    assert await late.offset(upload) == len(video)
    assert (await harness.now(upload)).status is State.QUEUED
    assert len(await harness.announced()) == 1


async def test_an_upload_of_unknown_length_survives_crashes_and_ends_when_its_length_is_known(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    upload = await rig.begin(None)
    await killed(harness, rig, upload, 0, VIDEO[: 2 * CHUNK_BYTES + 5])
    kept = await late.offset(upload)
    assert kept >= CHUNK_BYTES
    await late.append(upload, kept, Body(VIDEO[kept:]))
    assert (await harness.now(upload)).status is State.UPLOADING
    assert await harness.announced() == []
    whole = await rig.append(upload, len(VIDEO), Body(b""), len(VIDEO))
    assert (whole.status, whole.source.size) == (State.QUEUED, len(VIDEO))
    assert await rig.stored(upload) == VIDEO
    assert len(await harness.announced()) == 1


async def test_a_length_declared_by_a_request_whose_process_crashed_is_kept(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    video = VIDEO[: 4 * CHUNK_BYTES]
    upload = await rig.begin(None)
    await killed(harness, rig, upload, 0, video, len(video))
    assert await late.offset(upload) == len(video)
    assert (await harness.now(upload)).status is State.QUEUED
    assert len(await harness.announced()) == 1


async def test_of_concurrent_declarations_of_a_length_one_ends_the_upload(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    upload = await rig.begin(None)
    await rig.append(upload, 0, Body(VIDEO))
    tries = (UploadRig(harness).append(upload, len(VIDEO), Body(b""), len(VIDEO)) for _ in range(6))
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert any(isinstance(each, Conversion) for each in ended), ended
    assert (await harness.now(upload)).status is State.QUEUED
    assert len(await harness.announced()) == 1


async def test_an_abandoned_upload_of_unknown_length_expires(harness: WorkerHarness, rig: UploadRig) -> None:
    upload = await rig.begin(None)
    await rig.append(upload, 0, Body(VIDEO))
    with pytest.raises(Gone):
        await UploadRig(harness, 2 * DAY).offset(upload)
    await swept(harness, 2 * DAY)
    assert (await harness.store.get(upload.id), await harness.blobs_stored()) == (None, set())


@pytest.mark.parametrize("last", [None, RequestTimeout()], ids=["its body ends", "its body breaks off"])
async def test_a_stale_writer_changes_no_byte(
    harness: WorkerHarness,
    rig: UploadRig,
    late: UploadRig,
    last: ServiceError | None,
) -> None:
    upload, body = await rig.begin(), StalledBody(VIDEO[: 2 * CHUNK_BYTES + 99], last)
    asleep = asyncio.create_task(rig.append(upload, 0, body))
    await chunks_stored(harness, 2)
    assert await late.offset(upload) == 2 * CHUNK_BYTES
    await late.rest(upload)
    body.go.set()
    with pytest.raises(UploadLocked):
        await asleep
    assert await rig.stored(upload) == VIDEO
    assert await harness.blobs_stored() == set((await harness.now(upload)).source_blobs)


async def test_a_stale_writer_changes_no_byte_while_another_writes(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    upload, first = await rig.begin(), StalledBody(VIDEO[: 2 * CHUNK_BYTES])
    asleep = asyncio.create_task(rig.append(upload, 0, first))
    await chunks_stored(harness, 2)
    offset = await late.offset(upload)
    second = StalledBody(VIDEO[offset:])
    awake = asyncio.create_task(late.append(upload, offset, second))
    await second.sent.wait()
    first.go.set()
    with pytest.raises(UploadLocked):
        await asleep
    second.go.set()
    await awake
    assert await rig.stored(upload) == VIDEO


async def test_a_writer_that_ends_during_its_takeover_removes_nothing(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    upload, body = await rig.begin(), StalledBody(VIDEO[: 2 * CHUNK_BYTES])
    asleep = asyncio.create_task(rig.append(upload, 0, body))
    await chunks_stored(harness, 2)
    writing = upload_of(await harness.now(upload)).writing
    assert writing is not None
    # The other process has read the stored bytes and is about to save them as a segment.
    assert await harness.blobs.recover(writing.blob) == 2 * CHUNK_BYTES
    body.go.set()
    with pytest.raises(UploadLocked):
        await asleep
    assert await late.offset(upload) == 2 * CHUNK_BYTES
    assert await rig.stored(upload) == VIDEO[: 2 * CHUNK_BYTES]


async def test_a_crashed_writer_leaves_no_bytes_of_a_checksummed_chunk(
    harness: WorkerHarness, rig: UploadRig, late: UploadRig
) -> None:
    upload, body = await rig.begin(), StalledBody(VIDEO, checksum=small(VIDEO))
    asleep = asyncio.create_task(rig.append(upload, 0, body))
    await chunks_stored(harness, 2)
    assert await late.offset(upload) == 0
    body.go.set()
    with pytest.raises(UploadLocked):
        await asleep
    assert await harness.blobs_stored() == set()
    with pytest.raises(RequestTimeout):
        await rig.append(upload, 0, BrokenBody(VIDEO, checksum=small(VIDEO)))
    assert (await rig.offset(upload), await harness.blobs_stored()) == (0, set())


async def test_of_concurrent_writers_one_gets_the_lock(rig: UploadRig, harness: WorkerHarness) -> None:
    upload = await rig.begin()
    tries = (UploadRig(harness).append(upload, 0, Body(VIDEO)) for _ in range(8))
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Conversion) for each in ended) == 1
    assert all(isinstance(each, Conversion | UploadLocked | WrongOffset) for each in ended), ended
    assert await rig.stored(upload) == VIDEO
    assert len(await harness.announced()) == 1


async def test_during_a_write_others_are_locked_out_and_get_the_stored_offset(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    upload, going = await rig.begin(), True

    class Slow(Body):
        async def _pieces(self) -> AsyncIterator[bytes]:
            while going:
                yield b"\x00"
                await asyncio.sleep(0.05)

    writing = asyncio.create_task(rig.append(upload, 0, Slow(b"")))
    await until(lambda: _is_written(harness, upload), what="a writer")
    with pytest.raises(UploadLocked):
        await UploadRig(harness).append(upload, 0, Body(VIDEO))
    assert await UploadRig(harness).offset(upload) == 0
    going = False
    assert upload_of(await writing).offset == await rig.offset(upload) > 0


async def _is_written(harness: WorkerHarness, upload: Conversion) -> bool:
    return upload_of(await harness.now(upload)).writing is not None


async def test_termination_during_a_write_leaves_nothing(harness: WorkerHarness, rig: UploadRig) -> None:
    upload, body = await rig.begin(), StalledBody(VIDEO[: 3 * CHUNK_BYTES])
    writing = asyncio.create_task(rig.append(upload, 0, body))
    await chunks_stored(harness, 2)
    await UploadRig(harness).uploads.terminate(ALICE, upload.id)
    body.go.set()
    with pytest.raises(Gone):
        await writing
    with pytest.raises(NotFound):
        await rig.offset(upload)
    assert await harness.blobs_stored() == set()
    await swept(harness, LATER)
    assert await harness.store.get(upload.id) is None


async def test_cancellation_during_a_write_leaves_nothing(harness: WorkerHarness, rig: UploadRig) -> None:
    upload, body = await rig.begin(), StalledBody(VIDEO[: 3 * CHUNK_BYTES])
    await rig.append(upload, 0, Body(VIDEO[:7]))
    writing = asyncio.create_task(rig.append(upload, 7, body))
    await chunks_stored(harness, 2)
    now = await harness.now(upload)
    await harness.store.save(cancelled(now, now=utc_now(), retention=DAY))
    body.go.set()
    with pytest.raises(Gone):
        await writing
    with pytest.raises(Gone):
        await rig.offset(upload)
    await swept(harness, LATER)
    assert await harness.blobs_stored() == set()


async def swept(harness: WorkerHarness, ahead: timedelta) -> None:
    later = Sweeper(harness.store, harness.cleanup, harness.events, ahead, UploadRig(harness, ahead).now)
    while await later.sweep():
        pass


async def test_an_abandoned_upload_expires_with_its_bytes(harness: WorkerHarness, rig: UploadRig) -> None:
    upload = await rig.begin()
    await rig.append(upload, 0, Body(VIDEO[:9]))
    await killed(harness, rig, upload, 9, VIDEO[9 : 2 * CHUNK_BYTES])
    await swept(harness, DAY - timedelta(hours=1))
    assert await UploadRig(harness, LATER).offset(upload) > 9
    with pytest.raises(Gone):
        await UploadRig(harness, 2 * DAY).offset(upload)
    await swept(harness, 2 * DAY)
    assert (await harness.store.get(upload.id), await harness.blobs_stored()) == (None, set())


async def test_tiny_requests_make_neither_many_segments_nor_many_chunks(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    video = VIDEO[: CHUNK_BYTES + 200_000]
    upload, step = await rig.begin(len(video)), 90_011
    for offset in range(0, len(video), step):
        await rig.append(upload, offset, Body(video[offset : offset + step]))
    assert await rig.stored(upload) == video
    assert len((await harness.now(upload)).source_blobs) == 2
    assert await harness.blobs_stored() == set((await harness.now(upload)).source_blobs)


class RandomFailures:
    """An upload by a client whose requests fail in random ways."""

    def __init__(self, harness: WorkerHarness, seed: int) -> None:
        self._shop = harness
        self._chance = random.Random(seed)
        self._ahead = timedelta(0)
        self._asleep: list[tuple[StalledBody, asyncio.Task[Conversion]]] = []

    async def run(self, upload: Conversion) -> None:
        while (await self._shop.now(upload)).status is State.UPLOADING:
            rig = UploadRig(self._shop, self._ahead)
            offset = await rig.offset(upload)
            size = self._chance.choice((1000, 300_000, CHUNK_BYTES, 2_000_000))
            await self._request(rig, upload, offset, VIDEO[offset : offset + size])
            if self._asleep and self._chance.random() < 0.3:
                await self._wake()
        while self._asleep:
            await self._wake()

    async def _request(self, rig: UploadRig, upload: Conversion, offset: int, part: bytes) -> None:
        match self._chance.choice(("whole", "break", "kill", "sleep", "refuse")):
            case "whole":
                await rig.append(upload, offset, Body(part))
            case "break":
                with pytest.raises(RequestTimeout):
                    await rig.append(upload, offset, BrokenBody(part))
            case "refuse":
                with pytest.raises(ChecksumMismatch):
                    await rig.append(upload, offset, Body(part, checksum=small(b"other")))
            case "kill":
                await killed(self._shop, rig, upload, offset, part)
                self._ahead += LATER
            case "sleep":
                body = StalledBody(part)
                self._asleep.append((body, asyncio.create_task(rig.append(upload, offset, body))))
                await body.sent.wait()
                self._ahead += LATER

    async def _wake(self) -> None:
        body, task = self._asleep.pop()
        body.go.set()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("seed", range(2))
async def test_after_any_sequence_of_failures_the_bytes_are_the_same(
    harness: WorkerHarness, seed: int
) -> None:
    upload = await UploadRig(harness).begin()
    await RandomFailures(harness, seed).run(upload)
    assert await UploadRig(harness).stored(upload) == VIDEO
    assert len(await harness.announced()) == 1


async def test_a_worker_converts_a_segmented_upload_and_computes_its_digest(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    upload, transcoder = await rig.begin(), ScriptedTranscoder()
    with pytest.raises(RequestTimeout):
        await rig.append(upload, 0, BrokenBody(VIDEO[: 2 * CHUNK_BYTES + 7]))
    await rig.rest(upload)
    await harness.worker(transcoder).run(upload.id)
    done = await harness.now(upload)
    assert await harness.audio(upload) == transcoder.audio_of(VIDEO)
    assert done.source.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert await rig.offset(upload) == len(VIDEO)
    again = await rig.begin()
    await rig.append(again, 0, Body(VIDEO))
    await harness.worker(transcoder).run(again.id)
    assert (await harness.audio(again), transcoder.runs) == (transcoder.audio_of(VIDEO), 1)
    await swept(harness, timedelta(days=30))
    assert await harness.blobs_stored() == set()
    with pytest.raises(Gone):
        await rig.offset(upload)


async def parts(rig: UploadRig) -> list[Conversion]:
    pieces = (VIDEO[:1000], VIDEO[1000:])
    made = [await rig.begin(len(piece), concat="partial") for piece in pieces]
    for upload, piece in zip(made, pieces, strict=True):
        await rig.append(upload, 0, Body(piece))
    return made


async def final(rig: UploadRig, made: list[Conversion]) -> Conversion:
    ids = [part.id for part in made]
    wanted = CreationRequest(length=None, filename=None, fields={}, concat=f"final;{ids}", parts=ids)
    return await rig.uploads.create(ALICE, wanted)


async def test_partial_uploads_store_no_byte_twice_and_expire(harness: WorkerHarness, rig: UploadRig) -> None:
    whole = await final(rig, await parts(rig))
    assert await rig.stored(whole) == VIDEO
    assert len(await harness.announced()) == 1
    await swept(harness, 2 * DAY)
    assert await rig.stored(whole) == VIDEO
    assert [each.id for each in await harness.store.page("alice", None, None, 10)] == [whole.id]
    assert list(await harness.store.partial_uploads("alice", 10)) == []
    await rig.uploads.terminate(ALICE, whole.id)
    assert await harness.blobs_stored() == set()


async def test_partial_uploads_are_concatenated_once_under_concurrency(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    made = await parts(rig)
    ended = await asyncio.gather(*(final(UploadRig(harness), made) for _ in range(4)), return_exceptions=True)
    whole = [each for each in ended if isinstance(each, Conversion)]
    assert all(isinstance(each, Conversion | PartAlreadyUsed | InvalidRequest | Gone) for each in ended), (
        ended
    )
    assert len(whole) <= 1
    for each in whole:
        assert await rig.stored(each) == VIDEO
    await swept(harness, 2 * DAY)
    await until(lambda: _tidy(harness, whole), what="nothing but the one that was made")


async def _tidy(harness: WorkerHarness, whole: list[Conversion]) -> bool:
    wanted = {blob for each in whole for blob in (await harness.now(each)).source_blobs}
    return await harness.blobs_stored() == wanted


async def test_a_partial_upload_can_be_concatenated_again_after_a_failure(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    first, second = await parts(rig)
    await harness.store.save(assigned_to_final(await harness.now(second), "another"))
    with pytest.raises(PartAlreadyUsed):
        await final(rig, [first, second])
    assert upload_of(await harness.now(first)).joined_into is None


async def test_partial_uploads_of_an_abandoned_final_upload_are_removed(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    first, _ = await parts(rig)
    dead = await rig.begin(len(VIDEO), concat="final;…")
    await harness.store.save(assigned_to_final(await harness.now(first), dead.id))
    await swept(harness, 2 * DAY)
    await swept(harness, 3 * DAY)
    assert await harness.blobs_stored() == set()
    assert list(await harness.store.partial_uploads("alice", 10)) == []


async def test_the_declared_length_counts_towards_the_quota_from_creation(harness: WorkerHarness) -> None:
    rig = UploadRig(harness)
    room = QuotaLimits(account_bytes=len(VIDEO) + 10)
    quota = Quota(harness.store, MongoQueue(harness.database), room)
    rig.uploads = ResumableUploads(
        harness.store,
        harness.blobs,
        harness.cleanup,
        harness.events,
        limits=LIMITS,
        clock=utc_now,
        quota=quota,
    )
    first = await rig.begin()
    with pytest.raises(TooLarge):
        await rig.begin(11)
    await rig.uploads.terminate(ALICE, first.id)
    whole = await final(rig, await parts(rig))
    with pytest.raises(TooLarge):
        await rig.begin(11)
    assert upload_of(await rig.begin(10)).length == 10
    assert await rig.stored(whole) == VIDEO


async def test_account_deletion_removes_uploads_and_partial_uploads(
    harness: WorkerHarness, rig: UploadRig
) -> None:
    await parts(rig)
    await rig.append(await rig.begin(), 0, Body(VIDEO[:5]))
    await AccountDeletion(harness.store, harness.cleanup, harness.presets, utc_now).delete_all("alice")
    assert await harness.blobs_stored() == set()
    assert await harness.database["conversions"].count_documents({}) == 0

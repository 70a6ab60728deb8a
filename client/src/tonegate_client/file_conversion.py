"""The conversion of one local file, from its first byte sent to the audio on disk. An interrupted one goes on
where it was, also in another process, and is performed once.
"""

import contextlib
import hashlib
import os
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import httpx
import msgspec

from tonegate_client.client import Client
from tonegate_client.models import Conversion, Options
from tonegate_client.problems import ConversionFailed, Problem, SourceChanged, TonegateError
from tonegate_client.sound.copies import NotCopied, SoundCopies, SoundFile
from tonegate_client.source_file import SourceFile, source_file
from tonegate_client.state.jobs import Job, JobStore
from tonegate_client.upload_transfer import UploadGone

# Ends that another attempt may change.
PASSING_FAILURES = frozenset({"internal_error", "timed_out", "cancelled"})
TRIES = 3


class Observer(Protocol):
    """Is called as the conversion proceeds."""

    def copies_sound(self) -> None: ...

    def sent(self, count: int, total: int) -> None: ...

    def converted(self, share: float) -> None: ...

    def received(self, count: int, total: int) -> None: ...


class NoObserver:
    """Ignores everything."""

    def copies_sound(self) -> None:
        pass

    def sent(self, count: int, total: int) -> None:
        pass

    def converted(self, share: float) -> None:
        pass

    def received(self, count: int, total: int) -> None:
        pass


class FileConversion:
    """Converts files by a client. No two processes may convert the same file at a time. With `sound`, only
    the sound of videos is sent where that gives the same result.
    """

    def __init__(
        self,
        client: Client,
        jobs: JobStore,
        observer: Observer | None = None,
        sound: SoundCopies | None = None,
    ) -> None:
        self._client = client
        self._jobs = jobs
        self._observer = observer or NoObserver()
        self._sound = sound
        self.whole_reason = ""
        """Why the latest video was sent whole, although `sound` was given."""

    async def run(self, source: Path, target: Path, options: Options) -> Conversion:
        """Returns the conversion once its audio is at `target`.

        Raises ConversionFailed, SourceChanged, DigestMismatch, OSError, Problem, ServerUnreachable,
        NotSignedIn.
        """
        file = source_file(source)
        return await self.finish(identity_of(file, options, self._client), file, target, options)

    async def finish(self, identity: str, file: SourceFile, target: Path, options: Options) -> Conversion:
        """Like `run`, for a file whose identity is known."""
        job = self._jobs.begin(identity, file.path)
        for _ in range(TRIES):
            conversion = await self._attempt(job, file, target, options)
            if conversion is not None:
                return conversion
            job = self._jobs.restart(identity)
        raise TonegateError("The server deletes the upload again and again.")

    async def _attempt(self, job: Job, file: SourceFile, target: Path, options: Options) -> Conversion | None:
        """Returns None when the upload, the conversion or its audio was deleted or has expired."""
        try:
            return await self._pass(job, file, target, options)
        except UploadGone:
            return None
        except Problem as problem:
            if problem.status in {404, 410} and self._jobs.job(job.identity).conversion_id is not None:
                return None
            raise

    async def _pass(self, job: Job, file: SourceFile, target: Path, options: Options) -> Conversion:
        is_earlier = job.conversion_id is not None
        conversion_id = job.conversion_id or await self._upload(job, file, options)
        conversion = await self._wait(conversion_id)
        if is_earlier and conversion.result is None and _has_passing_failure(conversion):
            await self._client.conversions.retry(conversion_id)
            conversion = await self._wait(conversion_id)
        if conversion.status == "expired":
            raise UploadGone
        if conversion.result is None:
            raise ConversionFailed(conversion)
        audio = conversion.result
        await self._client.downloads.save(
            conversion_id, audio, target, lambda count: self._observer.received(count, audio.size)
        )
        return conversion

    async def _upload(self, job: Job, file: SourceFile, options: Options) -> str:
        async with contextlib.AsyncExitStack() as stack:
            sound = await self._copied(stack, job, file, options)
            digest = None if sound is None else sound.digest
            if digest != job.sound:
                await self._terminate(job)
                job = self._jobs.restart(job.identity, digest)
            return await self._send(job, file if sound is None else sound.file, options)

    async def _copied(
        self, stack: contextlib.AsyncExitStack, job: Job, file: SourceFile, options: Options
    ) -> SoundFile | None:
        """None when the file has to be sent whole, or an upload of the whole has begun."""
        if self._sound is None:
            return None
        if job.upload_id is not None and job.sound is None:
            self.whole_reason = "its upload began so"
            return None
        self._observer.copies_sound()
        try:
            return await stack.enter_async_context(self._sound.open(job.identity, file, options))
        except NotCopied as reason:
            self.whole_reason = str(reason)
            return None

    async def _send(self, job: Job, file: SourceFile, options: Options) -> str:
        uploads = self._client.uploads
        upload_id = job.upload_id
        if upload_id is None:
            upload_id = (await uploads.create(file.name, options, file.size, job.key)).id
            self._jobs.set_upload(job.identity, upload_id)
        try:
            conversion_id = await self._client.transfer.send_file(
                upload_id, file, lambda count: self._observer.sent(count, file.size)
            )
        except SourceChanged:
            await self._terminate(self._jobs.job(job.identity))
            raise
        self._jobs.set_conversion(job.identity, conversion_id)
        return conversion_id

    async def _terminate(self, job: Job) -> None:
        """Removes an upload that is not continued, if that can be done."""
        if job.upload_id is not None:
            with contextlib.suppress(TonegateError, httpx.HTTPError):
                await self._client.uploads.terminate(job.upload_id)

    async def _wait(self, conversion_id: str) -> Conversion:
        async with aclosing(self._client.conversions.follow(conversion_id)) as events:
            async for event in events:
                self._observer.converted(event.conversion.progress)
                if event.conversion.is_final:
                    return event.conversion
        return await self._client.conversions.get(conversion_id)


def identity_of(file: SourceFile, options: Options, client: Client) -> str:
    """Tells apart: versions of files, options, servers and accounts. A SHA-256 in hex."""
    credentials = client.store.load()
    account = credentials.account if credentials is not None else ""
    parts = (
        os.fsencode(file.path),
        str(file.size).encode(),
        str(file.modified_ns).encode(),
        msgspec.json.encode(options, order="sorted"),
        client.server.encode(),
        account.encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _has_passing_failure(conversion: Conversion) -> bool:
    return (conversion.error.code if conversion.error else conversion.status) in PASSING_FAILURES

"""Invariants that hold once the system is idle again, whatever was broken before."""

import asyncio
import hashlib
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from pymongo import MongoClient

from tests.faults.faulty_system import FaultySystem
from tests.faults.notifications import Notifications, Repeat
from tests.faults.storage_checks import StorageState
from tests.faults.traffic import Upload
from tests.faults.webhook_receiver import Receiver
from tests.support.client import FINAL
from tests.support.mailbox import read, text_of
from tests.support.quick_programs import decoding_ffmpeg
from tests.support.wait import until

QUIET_WITHIN_S = 150.0
DECODED_WITHIN_S = 30
# The file that a result mail is about.
NAME_IN_MAIL = re.compile(r'"([^"\n]+)"')
SAMPLES_A_SECOND = 8000
# Encoders pad the last frame, and most the first.
PADDING_S = 0.15
PARALLEL_CHECKS = 4
Document = dict[str, Any]


@dataclass
class Findings:
    """Numbers of uploads that ended as expected, and messages about violations by kind."""

    completed: int = 0
    failed: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    # Upload and repeated delivery of the same mail or webhook message; of those, what a fault permits.
    repeated_mails: list[tuple[str, Repeat]] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.duplicated, *self.wrong]


class Invariants:
    """Checks each upload when the system is idle and again at the end of a run; storage every time."""

    def __init__(self, system: FaultySystem, receiver: Receiver) -> None:
        self._system = system
        self._receiver = receiver
        self._storage = StorageState(system)
        self._mails: dict[str, dict[str, list[float]]] = {}
        self._read: set[str] = set()
        self._notifications: dict[str, Notifications] = {}

    async def check(
        self, uploads: Sequence[Upload], dead_letters: int = 0, quiet_within_s: float = QUIET_WITHIN_S
    ) -> Findings:
        """Waits until the system is idle, then checks all uploads; `dead_letters` is the expected number."""
        findings = Findings()
        await self._all_ended(uploads, findings, quiet_within_s)
        await self._quiet(findings, quiet_within_s)
        async with httpx.AsyncClient(base_url=self._system.url, timeout=30) as http:
            left = iter(uploads)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(PARALLEL_CHECKS):
                    tasks.create_task(self._check_each(http, left, findings))
        notifications = await asyncio.to_thread(self._notifications_for, uploads)
        for identity, received in notifications.items():
            findings.lost += [f"{identity}: {each}" for each in received.lacking()]
            findings.duplicated += [f"{identity}: {each}" for each in received.different()]
            findings.repeated_mails += [(identity, each) for each in received.repeated()]
        self._notifications |= notifications
        findings.wrong += await self._storage.leftovers(quiet_within_s)
        dead = await asyncio.to_thread(self._storage.dead_letters)
        if dead != dead_letters:
            findings.wrong.append(f"{dead} dead letters, not {dead_letters}")
        return findings

    async def check_again(
        self, uploads: Sequence[Upload], quiet_within_s: float = QUIET_WITHIN_S
    ) -> Findings:
        """Reports notifications that arrived after the first check of their upload."""
        findings = Findings()
        await self._quiet(findings, quiet_within_s)
        for identity, received in (await asyncio.to_thread(self._notifications_for, uploads)).items():
            if before := self._notifications.get(identity):
                findings.duplicated += [f"{identity}: {each}" for each in received.later(before)]
        return findings

    async def _all_ended(self, uploads: Sequence[Upload], findings: Findings, within_s: float) -> None:
        wanted = {upload.id for upload in uploads if upload.id}

        def open_ones() -> set[str]:
            with MongoClient[Document](self._system.mongo_url) as client:
                ended = client["tonegate"]["conversions"].find(
                    {"_id": {"$in": list(wanted)}, "status": {"$in": list(FINAL)}}, {"_id": 1}
                )
                return wanted - {each["_id"] for each in ended}

        try:
            await until(lambda: not open_ones(), timeout_s=within_s, what="every conversion to end")
        except AssertionError:
            findings.lost += [f"{identity} never ended" for identity in open_ones()]

    async def _quiet(self, findings: Findings, within_s: float) -> None:
        """Waits until nothing is left to be published or delivered."""
        try:
            await until(
                self._storage.outboxes_are_empty, timeout_s=within_s, what="every event to be published"
            )
            await until(self._is_delivered, timeout_s=within_s, what="every message to be handled")
            await until(self._storage.webhooks_are_out, timeout_s=within_s, what="every webhook to be sent")
        except AssertionError as late:
            findings.wrong.append(str(late))

    async def _is_delivered(self) -> bool:
        return await asyncio.to_thread(self._system.messages) == 0

    async def _check_each(
        self, http: httpx.AsyncClient, uploads: Iterator[Upload], findings: Findings
    ) -> None:
        for upload in uploads:
            await self._check_upload(http, upload, findings)

    async def _check_upload(self, http: httpx.AsyncClient, upload: Upload, findings: Findings) -> None:
        if upload.id is None:
            findings.wrong.append(f"{upload.filename} was never accepted: {upload.last}")
            return
        upload.person.http = http
        answer = await upload.person.get(f"/v1/conversions/{upload.id}")
        if answer.status_code != httpx.codes.OK:
            findings.lost.append(f"{upload.id}: {answer.status_code}")
            return
        shown = answer.json()
        upload.is_over = True
        code = shown["error"]["code"] if shown["error"] else None
        if (shown["status"], code) != (upload.ends_as, upload.kind.value):
            ended, wanted = f"{shown['status']} ({code})", f"{upload.ends_as} ({upload.kind.value})"
            findings.lost.append(f"{upload.id} ended as {ended}, not {wanted}: {shown['error']}")
        elif upload.ends_as == "completed":
            findings.completed += 1
            await self._audio_of(upload, shown, findings)
        else:
            findings.failed += 1

    async def _audio_of(self, upload: Upload, shown: Document, findings: Findings) -> None:
        result = shown["result"]
        try:
            audio = await upload.person.audio(str(upload.id))
        except httpx.TransportError as broken:
            findings.lost.append(f"{upload.id}: the audio is not what was stored: {broken!r}")
            return
        if len(audio.content) != result["size"] or _sha256(audio.content) != result["sha256"]:
            findings.lost.append(f"{upload.id}: {audio.status_code}, the audio is not what was stored")
            return
        decoded = await asyncio.to_thread(_decoded, audio.content)
        if abs(decoded.seconds - shown["source"]["duration"]) > PADDING_S:
            findings.lost.append(f"{upload.id}: {decoded.seconds:.2f} s of audio. {decoded.complaint}")
        elif decoded.complaint:
            findings.lost.append(f"{upload.id}: the audio cannot be decoded: {decoded.complaint}")

    def _notifications_for(self, uploads: Sequence[Upload]) -> dict[str, Notifications]:
        """Returns notifications by the id of the accepted upload."""
        self._read_mails()
        conversions = self._conversions_of([upload.filename for upload in uploads])
        return {
            upload.id: Notifications(
                {each: tuple(times) for each, times in self._mails.get(upload.filename, {}).items()},
                self._receiver.deliveries(upload.id),
                conversions[upload.filename],
            )
            for upload in uploads
            if upload.id
        }

    def _read_mails(self) -> None:
        for path in sorted(self._system.stack.mail.directory.glob("*.eml")):
            if path.name not in self._read:
                self._read.add(path.name)
                mail = read(path)
                found = NAME_IN_MAIL.search(text_of(mail))
                name = found[1] if found else ""
                arrived = self._mails.setdefault(name, {}).setdefault(str(mail["Message-ID"]), [])
                arrived.append(path.stat().st_mtime)

    def _conversions_of(self, names: Sequence[str]) -> Counter[str]:
        """Counts conversions by file name; each upload has a unique one."""
        with MongoClient[Document](self._system.mongo_url) as client:
            found = client["tonegate"]["conversions"].find(
                {"source.filename": {"$in": list(names)}}, {"source.filename": 1}
            )
            return Counter(str(each["source"]["filename"]) for each in found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Decoded:
    """Duration in seconds, and error output of the decoder."""

    seconds: float
    complaint: str


def _decoded(audio: bytes) -> Decoded:
    samples = ["-f", "s16le", "-ac", "1", "-ar", str(SAMPLES_A_SECOND), "-"]
    command = [decoding_ffmpeg(), "-v", "error", "-xerror", "-i", "pipe:0", *samples]
    done = subprocess.run(command, input=audio, capture_output=True, timeout=DECODED_WITHIN_S, check=False)
    complaint = done.stderr.decode(errors="replace")[:200]
    if done.returncode and not complaint:
        complaint = f"ffmpeg ended with {done.returncode}"
    return Decoded(len(done.stdout) / 2 / SAMPLES_A_SECOND, complaint)

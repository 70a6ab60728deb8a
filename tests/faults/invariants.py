"""What must be true once everything is quiet again, whatever was broken before."""

import asyncio
import hashlib
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx
from pymongo import MongoClient

from tests.faults.receiver import Receiver
from tests.faults.traffic import Upload
from tests.faults.world import World
from tests.support.client import FINAL
from tests.support.mailbox import read
from tests.support.wait import until

QUIET_WITHIN_S = 150.0
DECODED_WITHIN_S = 30
LOOKED_AT_AT_ONCE = 4
Document = dict[str, Any]


@dataclass
class Findings:
    """How many ended as they should, and what did not hold. `lost` and `duplicated` name each case."""

    completed: int = 0
    failed: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    repeated_mails: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.duplicated, *self.wrong]


class Invariants:
    """Looks at each upload once; at the whole system every time."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        self._world = world
        self._receiver = receiver
        self._mails: dict[str, list[EmailMessage]] = {}
        self._read: set[str] = set()

    async def check(self, uploads: Sequence[Upload], dead_letters: int = 0) -> Findings:
        """Waits for quiet, which has a deadline of its own, then looks. So many dead letters belong there."""
        findings = Findings()
        await self._all_ended(uploads, findings)
        await self._quiet(findings)
        self._read_mails()
        async with httpx.AsyncClient(base_url=self._world.url, timeout=30) as http:
            left = iter(uploads)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(LOOKED_AT_AT_ONCE):
                    tasks.create_task(self._look_at_each(http, left, findings))
        for person in {id(upload.person): upload.person for upload in uploads}.values():
            self._count_of(person.email, findings)
        await asyncio.to_thread(self._look_behind, findings)
        dead = await asyncio.to_thread(self._dead_letters)
        if dead != dead_letters:
            findings.wrong.append(f"{dead} dead letters, not {dead_letters}")
        return findings

    def _dead_letters(self) -> int:
        with MongoClient[Document](self._world.mongo_url) as client:
            return client["tonegate"]["dead_letters"].count_documents({})

    async def _all_ended(self, uploads: Sequence[Upload], findings: Findings) -> None:
        wanted = {upload.id for upload in uploads if upload.id}

        def open_ones() -> set[str]:
            with MongoClient[Document](self._world.mongo_url) as client:
                ended = client["tonegate"]["conversions"].find(
                    {"_id": {"$in": list(wanted)}, "status": {"$in": list(FINAL)}}, {"_id": 1}
                )
                return wanted - {each["_id"] for each in ended}

        try:
            await until(lambda: not open_ones(), timeout_s=QUIET_WITHIN_S, what="every conversion to end")
        except AssertionError:
            findings.lost += [f"{identity} never ended" for identity in open_ones()]

    async def _quiet(self, findings: Findings) -> None:
        """Nothing waits to be published or delivered, so what has not happened by now never will."""
        try:
            await until(self._outbox_is_empty, timeout_s=QUIET_WITHIN_S, what="every event to be published")
            await until(self._is_delivered, timeout_s=QUIET_WITHIN_S, what="every message to be handled")
            await until(self._webhooks_are_out, timeout_s=QUIET_WITHIN_S, what="every webhook to be sent")
        except AssertionError as late:
            findings.wrong.append(str(late))

    def _outbox_is_empty(self) -> bool:
        with MongoClient[Document](self._world.mongo_url) as client:
            waiting = client["tonegate"]["conversions"].count_documents({"outbox_since": {"$exists": True}})
            return waiting == 0

    def _webhooks_are_out(self) -> bool:
        with MongoClient[Document](self._world.mongo_url) as client:
            deliveries = client["tonegate_notification"]["webhook_deliveries"]
            return deliveries.count_documents({"status": "pending"}) == 0

    async def _is_delivered(self) -> bool:
        return await asyncio.to_thread(self._world.messages) == 0

    async def _look_at_each(
        self, http: httpx.AsyncClient, uploads: Iterator[Upload], findings: Findings
    ) -> None:
        for upload in uploads:
            await self._look_at(http, upload, findings)

    async def _look_at(self, http: httpx.AsyncClient, upload: Upload, findings: Findings) -> None:
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
            findings.lost.append(f"{upload.id} is {shown['status']} ({shown['error']}), not {upload.ends_as}")
        elif upload.ends_as == "completed":
            findings.completed += 1
            await self._audio_of(upload, shown["result"], findings)
        else:
            findings.failed += 1
        self._mails_of(upload, findings)
        told = self._receiver.ids(upload.id)
        if not told:
            findings.lost.append(f"{upload.id}: no webhook")
        elif len(told) > 1:
            findings.duplicated.append(f"{upload.id}: {len(told)} different webhooks")

    async def _audio_of(self, upload: Upload, result: Document, findings: Findings) -> None:
        audio = await upload.person.audio(str(upload.id))
        if len(audio.content) != result["size"] or _sha256(audio.content) != result["sha256"]:
            findings.lost.append(f"{upload.id}: {audio.status_code}, the audio is not what was stored")
        elif complaint := await asyncio.to_thread(_undecodable, audio.content):
            findings.lost.append(f"{upload.id}: the audio cannot be decoded: {complaint}")

    def _mails_of(self, upload: Upload, findings: Findings) -> None:
        """One mail; the very same once more is the repetition that no protocol rules out."""
        mails = self._mails.get(upload.filename, [])
        different = Counter(str(mail["Message-ID"]) for mail in mails)
        if not mails:
            findings.lost.append(f"{upload.id}: no mail")
        elif len(different) > 1:
            findings.duplicated.append(f"{upload.id}: {len(different)} different mails")
        if len(mails) > len(different):
            findings.repeated_mails.append(f"{upload.id}: {len(mails)} times the same mail")

    def _read_mails(self) -> None:
        for path in sorted(self._world.stack.mail.directory.glob("*.eml")):
            if path.name not in self._read:
                self._read.add(path.name)
                mail = read(path)
                name = str(mail["Subject"]).rpartition(": ")[2]
                self._mails.setdefault(name, []).append(mail)

    def _count_of(self, email: str, findings: Findings) -> None:
        """One conversion for each key, however often it was sent."""
        with MongoClient[Document](self._world.mongo_url) as client:
            own = client["tonegate"]["conversions"].find({"recipient": email}, {"source.filename": 1})
            names = Counter(str(each["source"]["filename"]) for each in own)
        findings.duplicated += [f"{name}: {count} conversions" for name, count in names.items() if count > 1]

    def _look_behind(self, findings: Findings) -> None:
        with MongoClient[Document](self._world.mongo_url) as client:
            database = client["tonegate"]
            known = {
                blob
                for each in database["conversions"].find({}, {"source_blob": 1, "audio_blob": 1, "debris": 1})
                for blob in (each["source_blob"], each["audio_blob"], *each["debris"])
            }
            stored = {*database["fs.chunks"].distinct("files_id"), *database["fs.files"].distinct("_id")}
            held = database["conversions"].count_documents({"lease": {"$ne": None}})
        findings.wrong += [f"orphaned blob {blob}" for blob in stored - known]
        findings.wrong += [f"{held} leases held by the dead"] if held else []


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _undecodable(audio: bytes) -> str:
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", "pipe:0", "-f", "null", "-"]
    done = subprocess.run(command, input=audio, capture_output=True, timeout=DECODED_WITHIN_S, check=False)
    return done.stderr.decode(errors="replace")[:200] if done.returncode or done.stderr else ""

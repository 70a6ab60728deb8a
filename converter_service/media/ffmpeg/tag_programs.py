"""Runs the tag cleaner, reader and writer in the sandbox. What they cannot do fails no conversion."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from converter_service.media.errors import MediaError
from converter_service.media.ffmpeg.leading_tags import find_tags, replace_tags
from converter_service.media.ffmpeg.runner import OUTPUT_BYTES, ProgramRunner, time_limit
from converter_service.media.sandbox.process import TooMuchOutput
from converter_service.media.tags.command_lines import TagTools
from shared.logs import get_logger

TIMEOUT = timedelta(seconds=20)
# Of a cover, which is decoded and encoded again.
PICTURE_BYTES = 32 * 1024 * 1024
SNIFFED_BYTES = 12
# Beginnings of files with tags that the reader knows, and where they are. MPEG audio may end with a tag.
READ = (
    (0, b"ID3"),
    (0, b"fLaC"),
    (0, b"OggS"),
    (4, b"ftyp"),
    (8, b"WAVE"),
    (8, b"AIFF"),
    (8, b"AIFC"),
    (0, b"\x30\x26\xb2\x75"),
    (0, b"MAC "),
    (0, b"wvpk"),
    (0, b"TTA1"),
    (0, b"MPCK"),
    (0, b"MP+"),
    (0, b"\xff"),
)
TagLists = Mapping[str, tuple[str, ...]]


class CleanTag(msgspec.Struct, frozen=True):
    """What the tag cleaner prints: `is_other` than what ffmpeg would read."""

    tag: bytes = b""
    is_other: bool = False


log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TagPrograms:
    programs: ProgramRunner
    tools: TagTools

    async def clean(self, source: Path, picture: Path) -> None:
        """Replaces ID3 tags that ffmpeg may read wrongly, or that hide the sound from it; saves their front
        cover as `picture`. Raises MachineUnfit.
        """
        tags = await asyncio.to_thread(find_tags, source)
        if not tags.is_intricate and not tags.is_suspect:
            return
        printed = await self._run(self.tools.clean(source, picture), picture, PICTURE_BYTES)
        try:
            clean = msgspec.json.decode(printed or b"{}", type=CleanTag)
        except msgspec.MsgspecError:
            clean = CleanTag()
        if tags.is_intricate or clean.is_other:
            await asyncio.to_thread(replace_tags, source, tags, clean.tag)

    async def read(self, source: Path, picture: Path) -> TagLists:
        """Returns the tags that ffmpeg does not read as they are, and saves the front cover as `picture`, if
        there is one. Raises MachineUnfit.
        """
        printed = b""
        if await asyncio.to_thread(_may_have_tags, source):
            printed = await self._run(self.tools.read(source, picture), picture, PICTURE_BYTES)
        if not await asyncio.to_thread(_has_bytes, picture):
            await asyncio.to_thread(picture.unlink, missing_ok=True)
        try:
            return msgspec.json.decode(printed or b"{}", type=dict[str, tuple[str, ...]])
        except msgspec.MsgspecError:
            return {}

    async def write(self, target: Path, form: str, tags: TagLists, file_bytes: int) -> None:
        """Sets tags of a result, which may become larger. Raises MachineUnfit."""
        described = target.with_name(f"{target.name}.tags")
        try:
            await asyncio.to_thread(described.write_bytes, msgspec.json.encode(tags))
            await self._run(self.tools.write(target, form, described), target, file_bytes)
        finally:
            with contextlib.suppress(OSError):
                described.unlink(missing_ok=True)

    async def _run(self, command: Sequence[str], writable: Path, file_bytes: int) -> bytes:
        """Returns what the program prints; nothing if it fails."""
        starting = self.programs.start(
            command, writable.parent, result=writable, file_bytes=file_bytes, readable=self.tools.readable
        )
        try:
            async with time_limit(TIMEOUT), starting as running:
                printed, ended = await running.output(OUTPUT_BYTES), await running.wait()
        except (MediaError, TooMuchOutput) as fault:
            log.info("tags not processed", reason=str(fault))
            return b""
        if ended.code != 0:
            log.info("tags not processed", code=ended.code, reason=ended.stderr[-500:])
            return b""
        return printed


def _may_have_tags(source: Path) -> bool:
    with source.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    return any(head[at:].startswith(magic) for at, magic in READ)


def _has_bytes(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0

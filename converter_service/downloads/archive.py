"""The audio of several conversions as one ZIP, streamed."""

import re
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from msgspec import Struct

from converter_service.conversions.model import Conversion
from converter_service.conversions.service import Audio, Conversions
from converter_service.downloads.zip_format import Entry, directory, local_header, total_size
from converter_service.media.formats import FORMATS
from converter_service.uploads.filenames import audio_name, split_extension
from shared.clock import utc_now

# What no file on Windows may be called, in any case and with any extension.
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')


class Archive(Struct, frozen=True):
    """`size` in bytes is that of the whole archive."""

    audios: Sequence[Audio]
    entries: Sequence[Entry]
    size: int


@dataclass(frozen=True, slots=True)
class ArchiveService:
    conversions: Conversions

    async def of(self, audios: Sequence[Audio]) -> Archive:
        """The archive of these. Reads the audio of earlier versions once to compute its checksum. Raises
        Gone when an audio is deleted.
        """
        names = unique_names([_name(each) for each in audios])
        entries = [
            Entry(name, audio.size, await self._crc32(audio), audio.conversion.finished_at or utc_now())
            for name, audio in zip(names, audios, strict=True)
        ]
        return Archive(audios, entries, total_size(entries))

    async def read(self, archive: Archive) -> AsyncIterator[bytes]:
        """The bytes of the archive in pieces of at most some MiB, one audio after the other. Raises Gone
        when one is deleted meanwhile.
        """
        for audio, entry in zip(archive.audios, archive.entries, strict=True):
            yield local_header(entry)
            async for piece in await self.conversions.read(audio, 0, audio.size):
                yield piece
        yield directory(archive.entries)

    async def _crc32(self, audio: Audio) -> int:
        if audio.crc32 is not None:
            return audio.crc32
        checksum = 0
        async for piece in await self.conversions.read(audio, 0, audio.size):
            checksum = zlib.crc32(piece, checksum)
        return checksum


def download_name(conversion: Conversion) -> str:
    """The title, whose slashes do not separate folders, or else the name of the file."""
    return re.sub(r"[/\\]", "_", conversion.title or "") or conversion.source.filename


def unique_names(names: Sequence[str]) -> list[str]:
    """The names with a number behind those that are there already, as file systems without case see them."""
    taken: set[str] = set()
    unique = []
    for name in names:
        stem, extension = split_extension(name)
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem} ({number}){extension}"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return unique


def safe_everywhere(name: str) -> str:
    """The name without what Windows does not allow."""
    usual = NOT_ON_WINDOWS.sub("_", name)
    return f"_{usual}" if RESERVED.fullmatch(usual) else usual


def _name(audio: Audio) -> str:
    return safe_everywhere(audio_name(download_name(audio.conversion), FORMATS[audio.format].name))

"""Files with the sound of videos, whose conversion is that of the video; or the reason to send the video."""

import contextlib
import hashlib
import importlib.util
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tonegate_client.models import Options
from tonegate_client.problems import TonegateError
from tonegate_client.sound.description import MATROSKA, MP4, TOLERANCE_S, Description, difference
from tonegate_client.sound.engine import Engine, EngineFailed
from tonegate_client.sound.ffmpeg import FfmpegEngine
from tonegate_client.sound.pyav import PyavEngine
from tonegate_client.source_file import PIECE_BYTES, SourceFile, source_file
from tonegate_client.state.file_lock import LockTaken, NamedLocks

MP4_CODECS = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
CODECS = {MP4: MP4_CODECS, MATROSKA: (MP4_CODECS | {"vorbis"}) - {"alac"}}
# The first box of MP4 files (ISO/IEC 14496-12 §4.2), and Matroska's (RFC 8794 §11.2.1).
BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})
EBML = b"\x1a\x45\xdf\xa3"
# By the brand of MP4 files (ISO/IEC 14496-12 §4.3).
MUXERS = {"qt  ": "mov", "isom": "mp4", "iso2": "mp4", "iso4": "mp4", "iso5": "mp4", "iso6": "mp4"}
MUXERS |= {"mp41": "mp4", "mp42": "mp4", "M4V ": "mp4", "avc1": "mp4"}
UNKNOWN = "it is no MP4, MOV, Matroska or WebM"
# What is larger, as a share of the video, is not worth the copy.
MOST_SHARE = 0.8


class NotCopied(TonegateError):
    """The video has to be sent as it is, for the reason that is the text."""


@dataclass(frozen=True)
class SoundFile:
    """A copy of the sound, under the name of the video."""

    file: SourceFile
    digest: str


class SoundCopies:
    """Makes copies in a folder that only the user reads. `engine` is None where there is no program."""

    def __init__(self, engine: Engine | None, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    @contextlib.asynccontextmanager
    async def open(self, identity: str, video: SourceFile, options: Options) -> AsyncIterator[SoundFile]:
        """Yields a copy, which is removed afterwards; the same bytes as at an earlier time, as a rule.

        The lock of the identity must be held. Raises NotCopied, SourceChanged.
        """
        if self._engine is None:
            raise NotCopied("neither PyAV nor ffmpeg is installed")
        folder = self._folder / identity
        try:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                made = await self._copy(self._engine, video, folder / video.path.name, options)
            except (EngineFailed, OSError) as error:
                raise NotCopied(" ".join(str(error).split())) from error
            yield made
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _copy(self, engine: Engine, video: SourceFile, target: Path, options: Options) -> SoundFile:
        if not is_known(video.path):
            raise NotCopied(UNKNOWN)
        source = await engine.describe(video.path)
        _check(source, options)
        await engine.copy(video.path, target, muxer_of(source))
        made = await engine.describe(target)
        # A requested end must be before that of the file.
        tolerance_s = TOLERANCE_S if options.end is None else 0.0
        if what := difference(source, made, tolerance_s):
            raise NotCopied(f"a copy of its sound would differ in the {what}")
        if await engine.packets(video.path) != await engine.packets(target):
            raise NotCopied("a copy of its sound would differ in the packets")
        if source_file(video.path) != video:
            raise NotCopied("it changed while its sound was copied")
        file = source_file(target)
        if file.size > MOST_SHARE * video.size:
            raise NotCopied("little would be saved")
        return SoundFile(file, digest_of(target))


def remove_leftovers(folder: Path, locks: NamedLocks) -> None:
    """Removes copies of processes that were killed."""
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            with contextlib.suppress(LockTaken, ValueError), locks.hold(each.name):
                shutil.rmtree(each, ignore_errors=True)


def find_engine() -> Engine | None:
    """PyAV where it is installed, else ffmpeg."""
    if importlib.util.find_spec("av") is not None:
        return PyavEngine()
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    return FfmpegEngine(ffmpeg, ffprobe) if ffmpeg and ffprobe else None


def _check(source: Description, options: Options) -> None:
    """Raises NotCopied for what is on no list."""
    codecs = CODECS.get(source.format, frozenset())
    reasons = {
        UNKNOWN: not codecs or not muxer_of(source),
        "it has no sound": not source.audio,
        "it has no pictures": not source.has_pictures,
        "it has a cover": source.has_cover,
        "its cover may be one of its pictures": options.cover == "auto",
        "its clock begins late": source.format == MP4 and (source.start_s or 0.0) > TOLERANCE_S,
        # Programs lose names in a track's user data; such a name may say that a track is a commentary.
        "a name of one of its tracks may be lost": has_hidden_names(source) and options.audio_track is None,
        "its sound is of a kind that is not copied": any(each.codec not in codecs for each in source.audio),
    }
    for reason, holds in reasons.items():
        if holds:
            raise NotCopied(reason)


def is_known(path: Path) -> bool:
    """Whether a file begins as the formats do whose sound is copied."""
    with path.open("rb") as file:
        beginning = file.read(8)
    return beginning[4:] in BOXES or beginning[:4] == EBML


def has_hidden_names(source: Description) -> bool:
    """Whether tracks among which the server chooses may have names that no program shows."""
    return source.format == MP4 and len(source.audio) > 1


def muxer_of(source: Description) -> str:
    """The name of the format for a copy; empty if there is none."""
    if source.format == MATROSKA:
        return "matroska"
    return MUXERS.get(source.tags.get("major_brand", ""), "")


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()

"""The engine of the programs ffmpeg and ffprobe."""

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

from tonegate_client.sound.child_process import read_lines
from tonegate_client.sound.description import FORMATS, AudioTrack, Chapter, Description
from tonegate_client.sound.engine import EngineFailed

QUIET = ("-v", "error")
ENTRIES = (
    "format=format_name,start_time,duration:format_tags"
    ":stream=codec_type,codec_name,start_time,duration,extradata_hash"
    ":stream_tags:stream_disposition=default,attached_pic"
    ":chapter=start_time,end_time:chapter_tags=title"
)
PACKET_ENTRIES = "packet=stream_index,pts,dts,size,flags,data_hash:packet_side_data"
COPY = ("-map", "0:a", "-c", "copy", "-map_metadata", "0", "-fflags", "+bitexact")
PACKET = re.compile(rb"packet\|stream_index=(\d+)\|")


class FfmpegEngine:
    """`ffmpeg` and `ffprobe` are paths of the programs."""

    def __init__(self, ffmpeg: str, ffprobe: str) -> None:
        self._ffmpeg = ffmpeg
        self._ffprobe = ffprobe

    async def describe(self, path: Path) -> Description:
        lines = list[bytes]()
        form = ("-show_entries", ENTRIES, "-show_data_hash", "sha256", "-of", "json=compact=1")
        await read_lines([self._ffprobe, *QUIET, *form, *_input(path)], lines.append)
        try:
            return described(msgspec.json.decode(b"".join(lines)))
        except (msgspec.MsgspecError, KeyError, ValueError, TypeError) as error:
            raise EngineFailed("ffprobe wrote something else than expected") from error

    async def copy(self, source: Path, target: Path, container: str) -> None:
        program = (self._ffmpeg, *QUIET, "-nostdin", "-y", "-copyts")
        output = ("-f", container, f"file:{target}")
        await read_lines([*program, *_input(source), *COPY, *output], lambda _: None)

    async def packets(self, path: Path) -> tuple[str, ...]:
        digests, latest = dict[int, Any](), hashlib.sha256()

        def take(line: bytes) -> None:
            # A packet with side data goes on in the next line.
            nonlocal latest
            if found := PACKET.match(line):
                latest = digests.setdefault(int(found[1]), hashlib.sha256())
                line = line[found.end() :]
            latest.update(line)

        form = ("-select_streams", "a", "-show_entries", PACKET_ENTRIES, "-show_data_hash", "sha256")
        await read_lines([self._ffprobe, *QUIET, *form, "-of", "compact", *_input(path)], take)
        return tuple(digests[index].hexdigest() for index in sorted(digests))


def _input(path: Path) -> list[str]:
    return ["-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-i", f"file:{path}"]


def described(probed: dict[str, Any]) -> Description:
    form, streams = probed["format"], probed["streams"]
    pictures = [each for each in streams if each.get("codec_type") == "video"]
    covers = [each for each in pictures if each["disposition"]["attached_pic"]]
    return Description(
        format=form["format_name"],
        start_s=_seconds(form.get("start_time")),
        duration_s=_seconds(form.get("duration")),
        tags=form.get("tags", {}),
        audio=tuple(_track(each) for each in streams if each.get("codec_type") == "audio"),
        chapters=tuple(_chapter(each) for each in probed.get("chapters", [])),
        has_pictures=len(pictures) > len(covers),
        has_cover=bool(covers),
    )


def _track(stream: dict[str, Any]) -> AudioTrack:
    return AudioTrack(
        codec=stream.get("codec_name", ""),
        start_s=_seconds(stream.get("start_time")),
        tags=stream.get("tags", {}),
        is_default=bool(stream["disposition"]["default"]),
        duration_s=_seconds(stream.get("duration")),
        extradata=stream.get("extradata_hash", ""),
    )


def _chapter(chapter: dict[str, Any]) -> Chapter:
    return Chapter(
        float(chapter["start_time"]), float(chapter["end_time"]), chapter.get("tags", {}).get("title", "")
    )


def _seconds(text: str | None) -> float | None:
    return None if text is None else float(text)

"""The program that `pyav` runs: `describe FILE`, `copy SOURCE TARGET FORMAT` or `packets FILE`."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from types import MappingProxyType

import av
import msgspec
from av.container import InputContainer
from av.stream import Disposition

from tonegate_client.sound.description import FORMATS, AudioTrack, Chapter, Description

OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}


def main(arguments: Sequence[str]) -> None:
    """Writes one JSON value."""
    verb, *given = arguments
    # What libavformat complains about goes to standard error, and ends the copy.
    av.logging.restore_default_callback()
    av.logging.set_level(av.logging.ERROR)
    try:
        result = VERBS[verb](*given)
    except (av.FFmpegError, OSError, ValueError) as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(result))


def describe(path: str) -> Description:
    with _opened(path) as file:
        covers = [each for each in file.streams.video if each.disposition & Disposition.attached_pic]
        return Description(
            format=file.format.name,
            start_s=_seconds(file.start_time, Fraction(1, av.time_base)),
            duration_s=_seconds(file.duration, Fraction(1, av.time_base)),
            tags=file.metadata,
            audio=tuple(
                AudioTrack(
                    codec=each.codec_context.codec.canonical_name,
                    start_s=_seconds(each.start_time, each.time_base),
                    tags=each.metadata,
                    is_default=bool(each.disposition & Disposition.default),
                    duration_s=_seconds(each.duration, each.time_base),
                    extradata=hashlib.sha256(each.codec_context.extradata or b"").hexdigest(),
                )
                for each in file.streams.audio
            ),
            chapters=tuple(
                Chapter(
                    float(each["start"] * (each["time_base"] or 0)),
                    float(each["end"] * (each["time_base"] or 0)),
                    each["metadata"].get("title", ""),
                )
                for each in file.chapters()
            ),
            has_pictures=len(file.streams.video) > len(covers),
            has_cover=bool(covers),
        )


def copy(source: str, target: str, container: str) -> None:
    with ExitStack() as stack:
        file = stack.enter_context(_opened(source))
        made = stack.enter_context(av.open(target, "w", format=container, options={"fflags": "+bitexact"}))
        made.metadata.update(file.metadata)
        made.set_chapters(file.chapters())
        tracks = {}
        for each in file.streams.audio:
            track = tracks[each.index] = made.add_stream_from_template(each)
            track.metadata.update(each.metadata)
            track.disposition = each.disposition
        for packet in file.demux(file.streams.audio):
            if packet.dts is not None:  # the last one is empty
                packet.stream = tracks[packet.stream_index]
                made.mux(packet)


def packets(path: str) -> tuple[str, ...]:
    with _opened(path) as file:
        digests = {each.index: hashlib.sha256() for each in file.streams.audio}
        for packet in file.demux(file.streams.audio):
            sides = [(str(each.data_type), bytes(each)) for each in packet.iter_sidedata()]
            if packet.dts is None and not packet.size:
                continue
            times = (packet.pts, packet.dts, packet.time_base)
            flags = (packet.is_keyframe, packet.is_discard, packet.is_corrupt, packet.size)
            digest = digests[packet.stream_index]
            digest.update(repr((times, flags, sides)).encode())
            digest.update(bytes(packet))
        return tuple(digests[index].hexdigest() for index in sorted(digests))


def _opened(path: str) -> InputContainer:
    return av.open(f"file:{path}", options=OPTIONS)


def _seconds(count: int | None, unit: Fraction | None) -> float | None:
    return None if count is None or unit is None else float(count * unit)


VERBS: MappingProxyType[str, Callable[..., object]] = MappingProxyType(
    {"describe": describe, "copy": copy, "packets": packets}
)

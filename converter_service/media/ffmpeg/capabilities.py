"""What the installed ffmpeg can do, from its own lists: never guessed from its version."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from converter_service.media.containers import CONTAINERS
from converter_service.media.decoders import DECODERS, PICTURE_DECODERS
from converter_service.media.errors import TranscoderUnavailable
from converter_service.media.ffmpeg.runner import ProgramRunner
from converter_service.media.formats import FORMATS

LISTS = ("encoders", "decoders", "demuxers", "muxers", "filters", "bsfs")
# A legend and, except for filters, a line of dashes; then entries: flags, name or names, description.
ENTRY = re.compile(r"^ [A-Z.a-z ]+? +([^ =]+) ", re.MULTILINE)
LEGEND_END = re.compile(r"^ -+$", re.MULTILINE)
# The filters that the commands name, and those that ffmpeg itself puts around them.
_FILTERS = (
    "abuffer abuffersink aformat anull aresample asetpts atrim buffer buffersink ebur128 format"
    " loudnorm null pan scale"
)
FILTERS = frozenset(_FILTERS.split())
# Through which one ffmpeg sends sound to another.
BITSTREAM_FILTER, PIPE_ENCODER, PIPE_FORMAT = "setts", "pcm_f32le", "nut"


class Capabilities(msgspec.Struct, frozen=True):
    """What this build lacks: filters, without which it converts nothing, results in these formats, sources in
    these containers and with these codecs.
    """

    filters: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()

    @property
    def disabling(self) -> Mapping[str, tuple[str, ...]]:
        """What is lacking of filters and formats, by kind; empty if the worker can convert."""
        kinds = {"filters": self.filters, "formats": self.formats}
        return MappingProxyType({kind: names for kind, names in kinds.items() if names})

    @property
    def unreadable(self) -> Mapping[str, tuple[str, ...]]:
        """What is lacking of the sources, by kind; empty if nothing is."""
        kinds = {"containers": self.containers, "codecs": self.codecs, "pictures": self.pictures}
        return MappingProxyType({kind: names for kind, names in kinds.items() if names})


async def read_capabilities(programs: ProgramRunner, scratch: Path) -> Capabilities:
    """Raises TranscoderUnavailable if ffmpeg does not run."""
    lists = await asyncio.gather(*(list_names(programs, kind, scratch) for kind in LISTS))
    encoders, decoders, demuxers, muxers, filters, bitstream_filters = lists
    has_pipe = PIPE_ENCODER in encoders and PIPE_FORMAT in muxers and BITSTREAM_FILTER in bitstream_filters
    return Capabilities(
        filters=tuple(sorted(FILTERS - filters)) + (() if has_pipe else (BITSTREAM_FILTER,)),
        formats=tuple(
            name
            for name, form in FORMATS.items()
            if form.encoder not in encoders or form.muxer not in muxers or form.demuxer not in demuxers
        ),
        containers=tuple(each.name for each in CONTAINERS.values() if each.demuxer not in demuxers),
        codecs=_without_decoder(DECODERS, decoders),
        pictures=_without_decoder(PICTURE_DECODERS, decoders),
    )


async def list_names(programs: ProgramRunner, kind: str, scratch: Path) -> frozenset[str]:
    """The names in one of LISTS. Raises TranscoderUnavailable if ffmpeg does not run."""
    ran = await programs.capture([programs.tools.ffmpeg, "-v", "error", f"-{kind}"], scratch)
    if ran.exit.code != 0:
        raise TranscoderUnavailable(f"ffmpeg does not list its {kind}: {ran.exit.stderr[-200:]}")
    text = ran.output.decode("utf-8", "replace")
    # Bitstream filters are listed by their names alone.
    return frozenset(text.split()) if kind == "bsfs" else parse_listing(text)


def parse_listing(text: str) -> frozenset[str]:
    """The names in a list that ffmpeg prints; an entry may have several, separated by commas."""
    entries = LEGEND_END.split(text, 1)[-1]
    return frozenset(name for names in ENTRY.findall(entries) for name in names.split(","))


def _without_decoder(wanted: Mapping[str, Iterable[str]], offered: frozenset[str]) -> tuple[str, ...]:
    return tuple(codec for codec, decoders in wanted.items() if offered.isdisjoint(decoders))

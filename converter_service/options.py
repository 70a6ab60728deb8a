"""What may be asked of a conversion, and the one way to ask it: text fields that are checked by name."""

import math
import re
from collections.abc import Callable, Mapping

import msgspec

from converter_service.formats import FORMATS, Format

DEFAULT_BITRATE_BPS = 192_000
LOWEST_BITRATE_BPS = 64_000
HIGHEST_BITRATE_BPS = 320_000
MAX_TAG_LENGTH = 500
MAX_SECONDS = 1_000_000.0
MAX_TRACKS = 200
NOT_BUILT = frozenset({"loudness", "cover"})

_BITRATE = re.compile(r"[1-9][0-9]{1,2}k", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)


class OptionProblem(msgspec.Struct, frozen=True):
    """One field and what is wrong with it, in words for its sender."""

    field: str
    message: str


class BadOptions(ValueError):
    """What was asked cannot be done; `problems` names each field at fault and is never empty."""

    def __init__(self, *problems: OptionProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checked wish. Times are seconds of the source; `None` leaves a choice to the source or the format."""

    format: str = "mp3"
    bitrate_bps: int | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None

    @property
    def target(self) -> Format:
        return FORMATS[self.format]

    @property
    def effective_bitrate_bps(self) -> int | None:
        """The bit rate to encode with, `None` for VBR and for formats that have none."""
        if self.quality is not None or not self.target.has_bitrate:
            return None
        return self.bitrate_bps or DEFAULT_BITRATE_BPS

    @property
    def tags(self) -> dict[str, str]:
        wanted = {"title": self.title, "artist": self.artist, "album": self.album}
        return {name: text for name, text in wanted.items() if text is not None}

    def shown(self) -> dict[str, str | int | float]:
        """The options as the API shows and takes them; `parse` of their texts gives the same options."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "bitrate_bps"}
        shown = {name: value for name, value in chosen.items() if value is not None}
        if (bitrate := self.effective_bitrate_bps) is not None:
            shown["bitrate"] = f"{bitrate // 1000}k"
        return shown


def parse(fields: Mapping[str, str]) -> Options:
    """Options from text fields; `BadOptions` names every field that is unknown, malformed or
    contradictory.
    """
    problems: list[OptionProblem] = []
    values: dict[str, object] = {}
    for name, text in fields.items():
        try:
            key, reader = _reader_of(name)
            values[key] = reader(text)
        except ValueError as error:
            problems.append(OptionProblem(name[:64], str(error)))
    if problems:
        raise BadOptions(*problems)
    options = msgspec.convert(values, Options)
    if contradictions := _contradictions(options):
        raise BadOptions(*contradictions)
    return options


def _reader_of(name: str) -> tuple[str, Callable[[str], object]]:
    if name in NOT_BUILT:
        raise ValueError("This option is not offered yet.")
    try:
        return _READERS[name]
    except KeyError:
        raise ValueError(f"There is no such option; there are {', '.join(sorted(_READERS))}.") from None


def _format(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(f"Must be one of {', '.join(FORMATS)}.")
    return text


def _bitrate(text: str) -> int:
    bitrate_bps = int(text[:-1]) * 1000 if _BITRATE.fullmatch(text) else 0
    if not LOWEST_BITRATE_BPS <= bitrate_bps <= HIGHEST_BITRATE_BPS:
        raise ValueError("Must be from 64k to 320k.")
    return bitrate_bps


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError(f"Must be a whole number from {lowest} to {highest}.")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)) or float(text) > MAX_SECONDS:
        raise ValueError("Must be a number of seconds, such as 12.5.")
    return float(text)


def _tag(text: str) -> str:
    if len(text) > MAX_TAG_LENGTH or not text.isprintable():
        raise ValueError(f"Must be at most {MAX_TAG_LENGTH} printable characters.")
    return text


def _contradictions(options: Options) -> list[OptionProblem]:
    form = options.target
    found: list[OptionProblem] = []

    def refuse(field: str, message: str) -> None:
        found.append(OptionProblem(field, message))

    if options.bitrate_bps is not None and not form.has_bitrate:
        refuse("bitrate", f"{form.name} has no bit rate to choose.")
    if options.quality is not None and not form.has_quality:
        refuse("quality", f"{form.name} has no quality scale.")
    if options.bitrate_bps is not None and options.quality is not None:
        refuse("quality", "Choose a bit rate or a quality, not both.")
    if options.sample_rate is not None:
        found.extend(_sample_rate_problems(options, options.sample_rate))
    if options.end is not None and options.end <= (options.start or 0.0):
        refuse("end", "Must be later than the start.")
    return found


def _sample_rate_problems(options: Options, sample_rate: int) -> list[OptionProblem]:
    form = options.target
    if sample_rate not in form.sample_rates_hz:
        offered = ", ".join(str(rate) for rate in form.sample_rates_hz)
        return [OptionProblem("sample_rate", f"{form.name} offers {offered}.")]
    if options.bitrate_bps is not None and form.has_bitrate:
        highest = form.highest_bitrate_bps(sample_rate)
        if options.bitrate_bps > highest:
            return [OptionProblem("bitrate", f"At most {highest // 1000}k at {sample_rate} Hz.")]
    return []


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "format": ("format", _format),
    "bitrate": ("bitrate_bps", _bitrate),
    "quality": ("quality", _whole(0, 9)),
    "sample_rate": ("sample_rate", _whole(8_000, 96_000)),
    "channels": ("channels", _whole(1, 2)),
    "start": ("start", _seconds),
    "end": ("end", _seconds),
    "audio_track": ("audio_track", _whole(0, MAX_TRACKS - 1)),
    "title": ("title", _tag),
    "artist": ("artist", _tag),
    "album": ("album", _tag),
}

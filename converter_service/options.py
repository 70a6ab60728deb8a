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
    """One field and what is wrong with it, in words that go on after its name."""

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
        highest = self.target.highest_bitrate_bps(self.sample_rate, self.channels)
        return self.bitrate_bps or min(DEFAULT_BITRATE_BPS, highest)

    @property
    def tags(self) -> dict[str, str]:
        wanted = {"title": self.title, "artist": self.artist, "album": self.album}
        return {name: text for name, text in wanted.items() if text is not None}

    def shown(self) -> dict[str, str | int | float]:
        """The options as the API shows them and as they are stored; `restored` gives the same options."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "bitrate_bps"}
        shown = {name: value for name, value in chosen.items() if value is not None}
        if (bitrate := self.effective_bitrate_bps) is not None:
            shown["bitrate"] = _in_k(bitrate)
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


def is_known(name: str) -> bool:
    """Whether there is an option of this name, offered or not."""
    return name in _READERS or name in NOT_BUILT


def restored(shown: Mapping[str, str | int | float]) -> Options:
    """The options that were shown so. Raises BadOptions for what `parse` would not take."""
    return parse({name: _text(value) for name, value in shown.items()})


def _text(value: str | int | float) -> str:
    """Never with an exponent, which is no way to write seconds here."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _reader_of(name: str) -> tuple[str, Callable[[str], object]]:
    if name in NOT_BUILT:
        raise ValueError("is not offered yet")
    try:
        return _READERS[name]
    except KeyError:
        raise ValueError(f"is not known; the options are {', '.join(sorted(_READERS))}") from None


def _format(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(f"must be one of {', '.join(FORMATS)}")
    return text


def _bitrate(text: str) -> int:
    bitrate_bps = int(text[:-1]) * 1000 if _BITRATE.fullmatch(text) else 0
    if not LOWEST_BITRATE_BPS <= bitrate_bps <= HIGHEST_BITRATE_BPS:
        raise ValueError("must be from 64k to 320k, in a form like 128k")
    return bitrate_bps


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)) or float(text) > MAX_SECONDS:
        raise ValueError("must be a number of seconds, such as 12.5")
    return float(text)


def _tag(text: str) -> str:
    if len(text) > MAX_TAG_LENGTH or not text.isprintable():
        raise ValueError(f"must be at most {MAX_TAG_LENGTH} printable characters")
    return text


def _contradictions(options: Options) -> list[OptionProblem]:
    form = options.target
    found: list[OptionProblem] = []

    def refuse(field: str, message: str) -> None:
        found.append(OptionProblem(field, message))

    if options.quality is not None and not form.has_quality:
        refuse("quality", f"is not offered for {form.name}")
    if options.bitrate_bps is not None and options.quality is not None:
        refuse("quality", "cannot be chosen together with a bit rate")
    if options.sample_rate is not None and options.sample_rate not in form.sample_rates_hz:
        offered = ", ".join(str(rate) for rate in form.sample_rates_hz)
        refuse("sample_rate", f"must be one of {offered} for {form.name}")
    elif options.bitrate_bps is not None and (problem := _bitrate_problem(options, options.bitrate_bps)):
        refuse("bitrate", problem)
    if options.end is not None and options.end <= (options.start or 0.0):
        refuse("end", "must be later than the start")
    return found


def _bitrate_problem(options: Options, bitrate_bps: int) -> str | None:
    """Why the format cannot have this bit rate at the sample rate and the channels that were chosen."""
    form, rate = options.target, options.sample_rate
    if not form.has_bitrate:
        return f"is not offered for {form.name}"
    where = form.name if rate is None else f"{form.name} at {rate} Hz"
    highest, steps = form.highest_bitrate_bps(rate, options.channels), form.limit_at(rate).steps_bps
    if steps and bitrate_bps not in steps:
        return f"must be one of {', '.join(_in_k(step) for step in steps)} for {where}"
    if bitrate_bps > highest:
        return f"must be at most {_in_k(highest)} for {where}" + (" mono" if options.channels == 1 else "")
    return None


def _in_k(bitrate_bps: int) -> str:
    return f"{bitrate_bps // 1000}k"


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

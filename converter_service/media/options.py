"""Conversion options: parsing and validation of text fields, and their stored and displayed forms."""

from collections.abc import Mapping

import msgspec

from converter_service.media.audio_format import Covers, Format
from converter_service.media.formats import FORMATS
from converter_service.media.option_fields import format_bitrate, read_field

DEFAULT_BITRATE_BPS = 192_000


class OptionProblem(msgspec.Struct, frozen=True):
    """An invalid field; `message` continues a sentence after the field's name."""

    field: str
    message: str


class BadOptions(ValueError):
    """Invalid or contradictory options; `problems` names each field at fault, at least one."""

    def __init__(self, *problems: OptionProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class Options(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"bitrate_bps": "bitrate"}
):
    """Validated options. Times are seconds of the source, `loudness` is in LUFS; `None` stands for the
    source's value or the format's default.

    `cover`: `auto` takes the source's picture or else a frame of its video, `none` takes neither; `None`
    takes the source's picture if there is one.
    """

    format: str = "mp3"
    bitrate_bps: int | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    loudness: float | None = None
    cover: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None

    @property
    def target(self) -> Format:
        return FORMATS[self.format]

    @property
    def effective_bitrate_bps(self) -> int | None:
        """The bit rate to encode with; None for VBR and for formats without bit rates."""
        if self.quality is not None or not self.target.has_bitrate:
            return None
        highest = self.target.highest_bitrate_bps(self.sample_rate, self.channels)
        return self.bitrate_bps or min(DEFAULT_BITRATE_BPS, highest)

    @property
    def tags(self) -> dict[str, str]:
        wanted = {"title": self.title, "artist": self.artist, "album": self.album}
        return {name: text for name, text in wanted.items() if text is not None}

    def stored(self) -> dict[str, str | int | float]:
        """The requested options without defaults, for storage; `parse_stored` is the inverse."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "bitrate_bps"}
        stored = {name: value for name, value in chosen.items() if value is not None}
        if self.bitrate_bps is not None:
            stored["bitrate"] = format_bitrate(self.bitrate_bps)
        return stored

    def shown(self) -> dict[str, str | int | float]:
        """The options as the API shows them, including the default bit rate."""
        shown = self.stored()
        if (bitrate := self.effective_bitrate_bps) is not None:
            shown["bitrate"] = format_bitrate(bitrate)
        return shown


def parse(fields: Mapping[str, str]) -> Options:
    """Parses text fields. Raises BadOptions, which names every unknown, malformed or contradictory field."""
    problems: list[OptionProblem] = []
    values: dict[str, object] = {}
    for name, text in fields.items():
        try:
            values[name] = read_field(name, text)
        except ValueError as error:
            problems.append(OptionProblem(name[:64], str(error)))
    if problems:
        raise BadOptions(*problems)
    options = msgspec.convert(values, Options)
    if contradictions := _contradictions(options):
        raise BadOptions(*contradictions)
    return options


def parse_stored(stored: Mapping[str, str | int | float]) -> Options:
    """Parses stored options. Raises BadOptions if they are no longer valid."""
    return parse({name: _text(value) for name, value in stored.items()})


def display_stored(stored: Mapping[str, str | int | float]) -> Mapping[str, str | int | float]:
    """Stored options as the API shows them; empty and no longer valid ones unchanged."""
    try:
        return parse_stored(stored).shown() if stored else stored
    except BadOptions:
        return stored


def _text(value: str | int | float) -> str:
    """Formats floats without an exponent, which the parser of seconds rejects."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


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
    if options.cover == "auto" and form.covers is Covers.NONE:
        refuse("cover", f"is not offered for {form.name}")
    return found


def _bitrate_problem(options: Options, bitrate_bps: int) -> str | None:
    """The reason why the format lacks this bit rate at the chosen sample rate and channels, or None."""
    form, rate = options.target, options.sample_rate
    if not form.has_bitrate:
        return f"is not offered for {form.name}"
    where = form.name if rate is None else f"{form.name} at {rate} Hz"
    highest, steps = form.highest_bitrate_bps(rate, options.channels), form.limit_at(rate).steps_bps
    if steps and bitrate_bps not in steps:
        return f"must be one of {', '.join(format_bitrate(step) for step in steps)} for {where}"
    if bitrate_bps > highest:
        return f"must be at most {format_bitrate(highest)} for {where}" + (
            " mono" if options.channels == 1 else ""
        )
    return None

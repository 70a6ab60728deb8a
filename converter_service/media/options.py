"""What may be asked of a conversion, and the one way to ask it: text fields that are checked by name."""

from collections.abc import Mapping

import msgspec

from converter_service.media.formats import FORMATS, Covers, Format
from converter_service.media.option_fields import in_k, reader_of

DEFAULT_BITRATE_BPS = 192_000


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
    """A checked wish. Times are seconds of the source, `loudness` is in LUFS; `None` leaves a choice to the
    source or the format.

    `cover`: `auto` is the source's picture or else a frame of its video, `none` is none; left open it is the
    source's picture where there is one.
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
        """The bit rate to encode with, `None` for VBR and for formats that have none."""
        if self.quality is not None or not self.target.has_bitrate:
            return None
        highest = self.target.highest_bitrate_bps(self.sample_rate, self.channels)
        return self.bitrate_bps or min(DEFAULT_BITRATE_BPS, highest)

    @property
    def tags(self) -> dict[str, str]:
        wanted = {"title": self.title, "artist": self.artist, "album": self.album}
        return {name: text for name, text in wanted.items() if text is not None}

    def stored(self) -> dict[str, str | int | float]:
        """What was asked for and nothing else; `restored` gives the same options."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "bitrate_bps"}
        stored = {name: value for name, value in chosen.items() if value is not None}
        if self.bitrate_bps is not None:
            stored["bitrate"] = in_k(self.bitrate_bps)
        return stored

    def shown(self) -> dict[str, str | int | float]:
        """The options as the API shows them, with the bit rate that nobody asked for."""
        shown = self.stored()
        if (bitrate := self.effective_bitrate_bps) is not None:
            shown["bitrate"] = in_k(bitrate)
        return shown


def parse(fields: Mapping[str, str]) -> Options:
    """Options from text fields; `BadOptions` names every field that is unknown, malformed or
    contradictory.
    """
    problems: list[OptionProblem] = []
    values: dict[str, object] = {}
    for name, text in fields.items():
        try:
            key, reader = reader_of(name)
            values[key] = reader(text)
        except ValueError as error:
            problems.append(OptionProblem(name[:64], str(error)))
    if problems:
        raise BadOptions(*problems)
    options = msgspec.convert(values, Options)
    if contradictions := _contradictions(options):
        raise BadOptions(*contradictions)
    return options


def restored(stored: Mapping[str, str | int | float]) -> Options:
    """The options that were stored so. Raises BadOptions for what `parse` would not take."""
    return parse({name: _text(value) for name, value in stored.items()})


def displayed(stored: Mapping[str, str | int | float]) -> Mapping[str, str | int | float]:
    """Stored options as the API shows them: as they are, when none are stored yet or none like them are on
    offer any more.
    """
    try:
        return restored(stored).shown() if stored else stored
    except BadOptions:
        return stored


def _text(value: str | int | float) -> str:
    """Never with an exponent, which is no way to write seconds here."""
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
    """Why the format cannot have this bit rate at the sample rate and the channels that were chosen."""
    form, rate = options.target, options.sample_rate
    if not form.has_bitrate:
        return f"is not offered for {form.name}"
    where = form.name if rate is None else f"{form.name} at {rate} Hz"
    highest, steps = form.highest_bitrate_bps(rate, options.channels), form.limit_at(rate).steps_bps
    if steps and bitrate_bps not in steps:
        return f"must be one of {', '.join(in_k(step) for step in steps)} for {where}"
    if bitrate_bps > highest:
        return f"must be at most {in_k(highest)} for {where}" + (" mono" if options.channels == 1 else "")
    return None

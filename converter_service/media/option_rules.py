"""Rules between conversion options: combinations that a format does not offer."""

from converter_service.media.audio_format import Covers
from converter_service.media.option_fields import format_bitrate
from converter_service.media.option_problems import OptionProblem
from converter_service.media.options import Options


def find_contradictions(options: Options) -> list[OptionProblem]:
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

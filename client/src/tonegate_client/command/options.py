"""The options of conversions, as arguments of subcommands."""

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tonegate_client.models import Options

Function = TypeVar("Function", bound=Callable[..., Any])

FORMATS = ("mp3", "m4a", "opus", "flac", "wav")
TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)", re.ASCII)


def parse_time(text: str) -> float:
    """Seconds of `90`, `1:30` or `1:02:03.5`. Raises click.BadParameter."""
    found = TIME.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no time: use seconds (90), or minutes and seconds (1:30)")
    hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def conversion_options(function: Function) -> Function:
    """Adds the options; the function gets them as one argument `options`."""

    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        wanted = {name: kwargs.pop(name) for name in Options.__struct_fields__}
        return function(*args, options=Options(**wanted), **kwargs)

    for add in reversed(_declared()):
        command = add(command)
    return command  # type: ignore[return-value]


def _declared() -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "--format", type=click.Choice(FORMATS), default="mp3", show_default=True, help="Audio format."
        ),
        click.option(
            "--bitrate", metavar="RATE", help="From 64k to 320k; default 192k, less for speech at 8 kHz."
        ),
        click.option(
            "--quality", type=click.IntRange(0, 9), help="Variable bit rate of MP3, from 0 (best) to 9."
        ),
        click.option("--sample-rate", type=int, metavar="HZ", help="Default: that of the source."),
        click.option("--channels", type=click.IntRange(1, 2), help="1 for mono, 2 for stereo."),
        click.option("--start", type=parse_time, metavar="TIME", help="Begin here: seconds, or 1:30."),
        click.option("--end", type=parse_time, metavar="TIME", help="End here."),
        click.option("--audio-track", type=click.IntRange(min=0), help="Number of the audio track, from 0."),
        click.option("--loudness", type=float, metavar="LUFS", help="Target loudness, such as -16."),
        click.option("--cover", type=click.Choice(("auto", "none")), help="A frame as the cover, or none."),
        click.option("--title", help="Tag of the audio; empty removes it."),
        click.option("--artist", help="Tag of the audio; empty removes it."),
        click.option("--album", help="Tag of the audio; empty removes it."),
    ]

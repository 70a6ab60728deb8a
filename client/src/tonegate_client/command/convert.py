"""`tonegate convert`."""

from collections.abc import Iterator
from pathlib import Path

import click

from tonegate_client.batch.sources import Source, find_sources
from tonegate_client.batch.targets import Targets
from tonegate_client.command.again import convert_again
from tonegate_client.command.batch_run import BatchRun
from tonegate_client.command.common_options import only_sound_option
from tonegate_client.command.options import conversion_options
from tonegate_client.command.pipe import convert_to_pipe
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import plain
from tonegate_client.models import Options

DASH = Path("-")


@click.command()
@click.argument("sources", metavar="FILE|DIR|-...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, allow_dash=True, path_type=Path),
    help="Folder for the results, or - for standard output.",
)
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Files at once.")
@click.option("--overwrite", is_flag=True, help="Replace files that are no results of this command.")
@click.option(
    "--again", metavar="ID", help="Convert the video of this conversion with other options, without a file."
)
@click.option("--name", default="stdin.mp4", show_default=True, help="File name of standard input.")
@only_sound_option
@conversion_options
@with_session
async def convert(
    session: Session,
    *,
    sources: tuple[Path, ...],
    output: Path | None,
    jobs: int,
    overwrite: bool,
    again: str | None,
    name: str,
    only_sound: bool,
    options: Options,
) -> int:
    """Convert videos to audio.

    A result lies beside its video, or below the folder of --output. Of a folder, all videos in and below it
    are converted. "-" reads standard input.

    What was interrupted, also by a crash, goes on when the same command is repeated: each file is sent and
    converted once. Files whose result is there are skipped, and other files are never replaced.

    With --again nothing is sent: the server converts the video of an earlier conversion with other options,
    anew at each run, and the audio is saved in the current folder or that of --output.

    With --only-sound the audio tracks are copied on this computer, by PyAV where it is installed, else by
    ffmpeg, without being encoded again, and only the copy is sent. A video whose copy would not give the same
    audio is sent whole, and a line says why.
    """
    if again is not None:
        if sources or output == DASH or only_sound:
            raise click.UsageError(
                "With --again there is no file to send, and the result is saved as a file."
            )
        await convert_again(session, again, options, output or Path(), overwrite=overwrite)
        return 0
    if not sources:
        raise click.UsageError("Name the files or folders to convert, or - for standard input.")
    if DASH in sources or output == DASH:
        if only_sound:
            raise click.UsageError("--only-sound takes files, and saves the results as files.")
        _check_pipe(sources, output, as_json=session.output.as_json)
        await convert_to_pipe(session, None if sources[0] == DASH else sources[0], name, options)
        return 0
    found = _checked(sources)
    async with session.open_client() as client:
        await client.uploads.max_bytes()  # tells at once when the server is away
    with BatchRun(session) as run:
        targets = Targets(run.jobs, output, overwrite=overwrite)
        code = await run.convert(found, targets, options, at_once=jobs, only_sound=only_sound)
        run.summarize()
        return code


def _check_pipe(sources: tuple[Path, ...], output: Path | None, *, as_json: bool) -> None:
    if len(sources) != 1 or sources[0].is_dir():
        raise click.UsageError("Standard input and output take one file.")
    if output not in {None, DASH}:
        raise click.UsageError("The result of standard input goes to standard output.")
    if as_json:
        raise click.UsageError("Standard output takes either the audio or JSON.")


def _checked(arguments: tuple[Path, ...]) -> Iterator[Source]:
    """Raises click.UsageError for an argument that does not exist, before anything is sent."""
    for argument in arguments:
        if not argument.exists():
            raise click.UsageError(f"{plain(str(argument))} does not exist.")
    return find_sources(arguments)

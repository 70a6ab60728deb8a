"""`tonegate watch`."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tonegate_client.batch.sources import Source, find_sources
from tonegate_client.batch.targets import Targets
from tonegate_client.command.batch_run import BatchRun
from tonegate_client.command.common_options import only_sound_option
from tonegate_client.command.options import conversion_options
from tonegate_client.command.session import Session, with_session
from tonegate_client.models import Options
from tonegate_client.problems import ServerUnreachable

LONGEST_PAUSE_S = 300.0


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Files at once.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1, max=3600),
    default=5,
    show_default=True,
    help="Time between two looks at the folder.",
)
@only_sound_option
@conversion_options
@with_session
async def watch(
    session: Session,
    *,
    folder: Path,
    output: Path | None,
    jobs: int,
    interval: float,
    only_sound: bool,
    options: Options,
) -> int:
    """Convert the videos that appear in a folder.

    The videos that are in the folder already are converted, too; the command runs until Ctrl-C. Each video is
    converted once, also after a restart, and also if its result was moved away. A file counts as complete
    when it is the same at two looks in a row.
    """
    settled = SettledFiles(folder)
    with BatchRun(session) as run:
        targets = Targets(run.jobs, output)
        pause_s = interval
        while True:
            try:
                await run.convert(
                    settled.look(),
                    targets,
                    options,
                    at_once=jobs,
                    once_only=True,
                    only_sound=only_sound,
                )
                is_done = not run.unfinished
                settled.give_again(run.unfinished)
            except (ServerUnreachable, OSError) as error:
                session.output.error(error)
                is_done = False
                settled.forget()
            pause_s = interval if is_done else min(2 * pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)


class SettledFiles:
    """The videos of a folder that did not change between two looks; each version of one is given once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, int]] = {}
        self._given: dict[Path, tuple[int, int]] = {}

    def look(self) -> Iterator[Source]:
        earlier, self._seen = self._seen, {}
        for source in find_sources([self._folder]):
            with contextlib.suppress(OSError):
                found = source.path.stat()
                version = self._seen[source.path] = (found.st_size, found.st_mtime_ns)
                if earlier.get(source.path) == version != self._given.get(source.path):
                    self._given[source.path] = version
                    yield source

    def give_again(self, sources: Iterable[Source]) -> None:
        for source in sources:
            self._given.pop(source.path, None)

    def forget(self) -> None:
        """All files are given once more, after two further looks."""
        self._seen.clear()
        self._given.clear()

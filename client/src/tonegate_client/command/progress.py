"""Progress of conversions: bars at a terminal, lines elsewhere."""

import contextlib
import sys
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from tonegate_client.batch.sources import Source
from tonegate_client.command.text import plain
from tonegate_client.file_conversion import NoObserver, Observer

NAME_WIDTH = 40


class Bars:
    """One bar for each file that is being converted. Lines are written above them."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False, style="default"),
            BarColumn(),
            _AmountColumn(),
            TextColumn("{task.fields[phase]}", markup=False, style="default"),
            console=self._console,
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextlib.contextmanager
    def observe(self, source: Source) -> Iterator[Observer]:
        name = plain(source.path.name)
        name = name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"
        task = self._progress.add_task("", total=None, name=name, phase="waiting")
        try:
            yield _Bar(self._progress, task)
        finally:
            self._progress.remove_task(task)

    def write(self, line: str, *, is_result: bool) -> None:
        """Writes a line above the bars; a result goes to standard output if that is no terminal."""
        if is_result and not sys.stdout.isatty():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        else:
            self._console.print(line, markup=False, soft_wrap=True)


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def copies_sound(self) -> None:
        self._progress.update(self._task, total=None, phase="copying the sound")

    def sent(self, count: int, total: int) -> None:
        self._progress.update(self._task, completed=count, total=total, phase="sending")

    def converted(self, share: float) -> None:
        self._progress.update(self._task, completed=100 * share, total=100, phase="converting")

    def received(self, count: int, total: int) -> None:
        self._progress.update(self._task, completed=count, total=total, phase="receiving")


class _AmountColumn(ProgressColumn):
    """Bytes while they are sent and received, percent otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = DownloadColumn(binary_units=True)

    def render(self, task: Task) -> Text:
        if task.fields["phase"] in {"sending", "receiving"}:
            return self._bytes.render(task)
        return Text("" if task.total is None else f"{task.percentage:.0f} %")


class Lines:
    """Without bars."""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @contextlib.contextmanager
    def observe(self, source: Source) -> Iterator[Observer]:
        del source
        yield NoObserver()

    def write(self, line: str, *, is_result: bool) -> None:
        stream = sys.stdout if is_result else sys.stderr
        stream.write(f"{line}\n")
        stream.flush()


def open_display(*, as_json: bool) -> Bars | Lines:
    """Bars if standard error is a terminal that can show them."""
    console = Console(stderr=True)
    return Bars() if console.is_terminal and not console.is_dumb_terminal and not as_json else Lines()

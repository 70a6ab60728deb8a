"""Names of results: one for each source, which no two sources share and no other file has."""

import os
from pathlib import Path

from tonegate_client.batch.sources import VIDEO_SUFFIXES, Source
from tonegate_client.state.jobs import JobStore, Result

MAX_NAME_BYTES = 255
AUDIO_SUFFIXES = frozenset(
    {
        ".aac",
        ".aif",
        ".aiff",
        ".flac",
        ".m4a",
        ".m4b",
        ".mka",
        ".mp2",
        ".mp3",
        ".oga",
        ".ogg",
        ".opus",
        ".wav",
        ".wma",
    }
)
MOST_NAMES = 1000


class TargetExists(Exception):
    """A file that is none of the program's results has the name."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already")
        self.path = path


class Targets:
    """Chooses the paths of results. `output` is the folder for all, by default that of each source."""

    def __init__(self, jobs: JobStore, output: Path | None, *, overwrite: bool = False) -> None:
        self._jobs = jobs
        self._output = output
        self._overwrite = overwrite

    def folder_of(self, source: Source) -> Path:
        if self._output is None:
            return Path(os.path.abspath(source.path.parent))  # noqa: PTH100 - keeps symbolic links
        return Path(os.path.abspath(self._output / source.folder))  # noqa: PTH100

    def choose(self, source: Source, path: Path, identity: str, suffix: str) -> Path:
        """Returns a path that belongs to this source from now on; the same one in later runs. `path` is the
        absolute path of the source.

        Raises TargetExists.
        """
        folder = self.folder_of(source)
        earlier = self._jobs.result_in(identity, folder)
        if earlier is not None:
            self._keep_foreign(earlier)
            return earlier.path
        for number in range(1, MOST_NAMES):
            candidate = folder / result_name(path.name, suffix, number)
            is_available = candidate != path and self._is_available(candidate, path)
            if is_available and self._jobs.claim(candidate, identity, path):
                return candidate
        raise TargetExists(folder / result_name(path.name, suffix))

    def _is_available(self, candidate: Path, path: Path) -> bool:
        """False for the result of another source. Raises TargetExists for a file that is no result."""
        owner = self._jobs.result_like(candidate)
        if owner is not None and owner.source != path:
            return False
        if owner is not None and is_same(candidate, owner.path):
            self._keep_foreign(owner)
        elif candidate.exists() and not self._overwrite:
            raise TargetExists(candidate)
        return True

    def _keep_foreign(self, result: Result) -> None:
        """Raises TargetExists when a result was replaced by another file, or changed."""
        if result.size is not None and result.path.exists() and not (result.is_there or self._overwrite):
            raise TargetExists(result.path)


def is_same(one: Path, other: Path) -> bool:
    """True if the paths are equal, or names of one file."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def result_name(name: str, suffix: str, number: int = 1) -> str:
    """`talk.mp4` becomes `talk.mp3`, `v1.2` becomes `v1.2.mp3`, and the second of a name `talk (2).mp3`.

    At most 255 bytes long.
    """
    stem, found = os.path.splitext(name)  # noqa: PTH122 - of a name, not of a path
    if found.lower() not in VIDEO_SUFFIXES | AUDIO_SUFFIXES:
        stem = name
    ending = f".{suffix}" if number == 1 else f" ({number}).{suffix}"
    return _cut(stem, MAX_NAME_BYTES - len(ending)) + ending


def _cut(text: str, most: int) -> str:
    """The longest beginning of at most so many bytes in the file system's encoding."""
    while len(os.fsencode(text)) > most:
        text = text[:-1]
    return text

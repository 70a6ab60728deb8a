"""The files that arguments of the command stand for."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Of files that a folder stands for. Files that are named themselves may have any.
VIDEO_SUFFIXES = frozenset(
    {
        ".3gp",
        ".asf",
        ".avi",
        ".divx",
        ".f4v",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".ogv",
        ".rmvb",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
    }
)


@dataclass(frozen=True)
class Source:
    """A file. `folder` is the part of its path that is repeated below the output folder."""

    path: Path
    folder: str = ""


def find_sources(arguments: Iterable[Path]) -> Iterator[Source]:
    """Yields named files as they are, and the videos in and below named folders, one after the other."""
    for argument in arguments:
        if argument.is_dir():
            yield from _videos_in(argument, "")
        else:
            yield Source(argument)


def _videos_in(directory: Path, folder: str) -> Iterator[Source]:
    """In the order of names, without hidden files and without following links to folders."""
    try:
        entries = os.scandir(directory)
    except OSError:
        yield Source(directory, folder)  # reported like a file that cannot be read
        return
    with entries:
        found = sorted(
            (entry.name, entry.is_dir(follow_symlinks=False))
            for entry in entries
            if not entry.name.startswith(".") and (entry.is_dir(follow_symlinks=False) or entry.is_file())
        )
    for name, is_folder in found:
        if is_folder:
            below = os.path.join(folder, name)  # noqa: PTH118 - relative, may begin empty
            yield from _videos_in(directory / name, below)
        elif Path(name).suffix.lower() in VIDEO_SUFFIXES:
            yield Source(directory / name, folder)

"""Directory of a backup: written under a draft name, readable to its owner only, renamed when complete."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backup.errors import BackupError


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """Yields an empty draft directory, which becomes `target` at the end; deletes the draft on failure.

    Raises BackupError if `target` exists. A backup that was killed leaves its draft `.NAME.draft`, which the
    next one of this name replaces.
    """
    if target.exists():
        raise BackupError(f"{target} exists already")
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        yield draft
        _synchronize(draft)
        draft.rename(target)
        _synchronize(target.parent, recursive=False)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _synchronize(folder: Path, *, recursive: bool = True) -> None:
    """Writes directories to the disk; files are synchronized when they are closed."""
    if recursive:
        for each in folder.iterdir():
            if each.is_dir():
                _synchronize(each)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

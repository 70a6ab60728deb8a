"""The deployment's secrets: a directory tree of small files, copied into a backup and back."""

from pathlib import Path

from backup.data_file import FileWriter
from backup.errors import BackupError
from backup.manifest import DataFile

MAX_BYTES = 1 << 20


def copy_secrets(source: Path, target: Path) -> dict[str, DataFile]:
    """Copies all files of a tree; returns them by their path below it."""
    copied = dict[str, DataFile]()
    for path in _files(source):
        name = path.relative_to(source).as_posix()
        with FileWriter(target / name) as file:
            file.write(_read(path))
        copied[name] = file.written
    if not copied:
        raise BackupError(f"{source} holds no secrets")
    return copied


def restore_secrets(source: Path, target: Path) -> int:
    """Copies the secrets of a backup to `target`; returns their number.

    Raises BackupError, and copies nothing, if one of them exists there with another value.
    """
    files = {path.relative_to(source): _read(path) for path in _files(source)}
    if not files:
        raise BackupError("the backup was made without secrets")
    for name, value in files.items():
        if (target / name).exists() and _read(target / name) != value:
            raise BackupError(f"{target / name} exists and differs from the backup's; nothing was restored")
    for name, value in files.items():
        if not (target / name).exists():
            with FileWriter(target / name) as file:
                file.write(value)
    return len(files)


def _files(folder: Path) -> list[Path]:
    """Regular files only: a link could lead anywhere."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise BackupError(f"{path} is too large for a secret")
    return data

"""Folders of the user for state and credentials, which only the user can read."""

import os
from pathlib import Path

from platformdirs import PlatformDirs

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def state_folder() -> Path:
    """Made when it is missing. TONEGATE_STATE_DIR replaces it."""
    return _made(os.environ.get("TONEGATE_STATE_DIR") or _folders().user_state_dir)


def config_folder() -> Path:
    """Made when it is missing. TONEGATE_CONFIG_DIR replaces it."""
    return _made(os.environ.get("TONEGATE_CONFIG_DIR") or _folders().user_config_dir)


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file at once, also when the machine fails meanwhile; only its owner can read it."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _folders() -> PlatformDirs:
    return PlatformDirs("tonegate", appauthor=False)


def _made(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return folder

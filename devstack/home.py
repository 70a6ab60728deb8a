"""Where one stack keeps everything it writes."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """One directory per stack; two stacks never share one."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Home":
        path.mkdir(parents=True, exist_ok=True)
        return cls(path.resolve())

    def directory(self, name: str, mode: int = 0o700) -> Path:
        directory = self.path / name
        directory.mkdir(mode=mode, exist_ok=True)
        return directory

    def log(self, name: str) -> Path:
        return self.directory("logs") / f"{name}.log"

    def secret(self, name: str) -> str:
        """64 hexadecimal digits, drawn once for this stack and kept in a file only its owner reads."""
        file = self.directory("secrets") / name
        if not file.exists():
            write_private(file, secrets.token_hex(32))
        return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Whole or not at all, mode 0600 from the first byte."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)

"""The command lines of the tag cleaner, reader and writer.

mutagen is never imported by the services: the programs that do run in the sandbox.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
# Without site-packages, and without writing byte code.
ISOLATED = ("-I", "-S", "-B")


class TagTools(msgspec.Struct, frozen=True):
    """The interpreter, and the folder in which mutagen is installed."""

    python: Path
    packages: Path

    @property
    def readable(self) -> tuple[Path, ...]:
        """What the programs read besides the system's libraries."""
        return (HERE, Path(sys.base_prefix), self.python.parent, self.packages)

    def read(self, source: Path, picture: Path) -> list[str]:
        return [*self._program("reader.py"), str(source), str(picture)]

    def clean(self, source: Path, picture: Path) -> list[str]:
        return [*self._program("cleaner.py"), str(HERE), str(source), str(picture)]

    def write(self, target: Path, form: str, tags: Path) -> list[str]:
        return [*self._program("writer.py"), str(target), form, str(tags)]

    def _program(self, name: str) -> list[str]:
        return [str(self.python), *ISOLATED, str(HERE / name), str(self.packages)]


def find_tag_tools() -> TagTools:
    """Raises ModuleNotFoundError if mutagen is not installed."""
    spec = find_spec("mutagen")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("mutagen")
    return TagTools(Path(os.path.realpath(sys.executable)), Path(spec.origin).resolve().parent.parent)

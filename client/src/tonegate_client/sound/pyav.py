"""The engine of PyAV, in a child process: an error of its libraries ends no conversion."""

import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from tonegate_client.sound.child_process import read_lines
from tonegate_client.sound.description import Description
from tonegate_client.sound.engine import EngineFailed

T = TypeVar("T")

PACKAGES = str(Path(__file__).parents[2])
# Without the current folder, which may hold any files, among the places of modules.
PROGRAM = (
    "import sys; sys.path[:] = [*(each for each in sys.path if each), sys.argv[1]]\n"
    "from tonegate_client.sound.pyav_program import main; main(sys.argv[2:])"
)


class PyavEngine:
    """Runs `pyav_program`."""

    async def describe(self, path: Path) -> Description:
        return _decoded(await _run("describe", path), Description)

    async def copy(self, source: Path, target: Path, container: str) -> None:
        await _run("copy", source, target, container)

    async def packets(self, path: Path) -> tuple[str, ...]:
        return _decoded(await _run("packets", path), tuple[str, ...])


async def _run(*arguments: str | Path) -> bytes:
    lines = list[bytes]()
    await read_lines([sys.executable, "-c", PROGRAM, PACKAGES, *arguments], lines.append)
    return b"".join(lines)


def _decoded(output: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(output, type=kind)
    except msgspec.MsgspecError as error:
        raise EngineFailed("PyAV wrote something else than expected") from error

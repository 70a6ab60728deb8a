"""The script and the style sheets of the API reference, by the manifest that Vite writes with the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from shared.logs import get_logger

MANIFEST: Final = ".vite/manifest.json"
ENTRY: Final = "src/reference/main.tsx"
ICON: Final = "src/icon.svg"


class Chunk(msgspec.Struct, frozen=True):
    """An entry of Vite's manifest. Paths are relative to the built folder, `imports` are keys of entries."""

    file: str
    css: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class ReferenceFiles(msgspec.Struct, frozen=True):
    """Paths such as `assets/reference-1a2b.js`, relative to the gateway's root. `modules` are what the script
    imports.
    """

    script: str
    styles: tuple[str, ...]
    modules: tuple[str, ...] = ()
    icon: str | None = None


def load_reference_files(folder: Path) -> ReferenceFiles | None:
    """None, after a warning, where `web/` has not been built into `folder`, or by another version: the page
    then has no scripts.
    """
    try:
        chunks = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Chunk])
        used = imported(chunks, ENTRY)
    except (FileNotFoundError, msgspec.MsgspecError, KeyError) as missing:
        get_logger(__name__).warning(
            "API reference not built, /schema has no scripts",
            folder=str(folder),
            reason=type(missing).__name__,
        )
        return None
    icon = chunks.get(ICON)
    return ReferenceFiles(
        script=chunks[ENTRY].file,
        styles=tuple(dict.fromkeys(style for key in used for style in chunks[key].css)),
        modules=tuple(chunks[key].file for key in used if key != ENTRY),
        icon=icon.file if icon else None,
    )


def imported(chunks: Mapping[str, Chunk], entry: str) -> list[str]:
    """Keys of `entry` and of all that it imports, each after what it imports itself."""
    found: dict[str, None] = {}

    def visit(key: str) -> None:
        if key not in found:
            for each in chunks[key].imports:
                visit(each)
            found[key] = None

    visit(entry)
    return list(found)

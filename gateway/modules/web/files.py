"""The built page in memory: each file with its precompressed variants, chosen by Accept-Encoding."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from shared.logs import get_logger

BUILT: Final = Path(__file__).parents[3] / "web" / "dist"
IDENTITY: Final = ""
# Content coding → suffix of the variant's file; the best one first.
SUFFIXES: Final[Mapping[str, str]] = {"br": ".br", "gzip": ".gz", IDENTITY: ""}
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class WebFile(msgspec.Struct, frozen=True):
    """A file's content by content coding; `""` is the file itself."""

    media_type: str
    variants: Mapping[str, bytes]

    def best(self, accept_encoding: str | None) -> str:
        """The smallest variant's coding among those that the request accepts (RFC 9110 §12.5.3)."""
        accepted = accepted_codings(accept_encoding)
        return next(coding for coding in SUFFIXES if coding in self.variants and coding in accepted)


class WebFiles(msgspec.Struct, frozen=True):
    """`index` and `worker`, its service worker, are None where the page has not been built."""

    index: WebFile | None
    assets: Mapping[str, WebFile]
    worker: WebFile | None = None


def load_files(folder: Path) -> WebFiles:
    """Reads the page that `web/` has built into `folder`. Logs a warning when there is none."""
    if not (folder / "index.html").is_file():
        get_logger(__name__).warning("page not built, / answers 503", folder=str(folder))
        return WebFiles(None, {})
    found = (folder / "assets").iterdir()
    assets = {path.name: read(path) for path in found if path.suffix in MEDIA_TYPES}
    worker = folder / "service-worker.js"
    return WebFiles(read(folder / "index.html"), assets, read(worker) if worker.is_file() else None)


def read(path: Path) -> WebFile:
    candidates = {coding: path.with_name(path.name + suffix) for coding, suffix in SUFFIXES.items()}
    variants = {coding: each.read_bytes() for coding, each in candidates.items() if each.is_file()}
    return WebFile(MEDIA_TYPES[path.suffix], variants)


def accepted_codings(accept_encoding: str | None) -> set[str]:
    """The codings of SUFFIXES in Accept-Encoding with a weight above 0, and identity."""
    accepted = {IDENTITY}
    for entry in (accept_encoding or "").lower().split(","):
        coding, _, parameter = entry.partition(";")
        if coding.strip() in SUFFIXES and not is_zero(parameter):
            accepted.add(coding.strip())
    return accepted


def is_zero(parameter: str) -> bool:
    """True for `q=0`, `q=0.0` and so on, also when a weight cannot be read."""
    name, _, weight = parameter.replace(" ", "").partition("=")
    if name != "q":
        return False
    try:
        return not float(weight) > 0
    except ValueError:
        return True

"""Text for terminals: names without control characters, sizes, times, columns."""

from collections.abc import Iterable, Sequence
from datetime import datetime

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def plain(text: str) -> str:
    """Replaces what is not printable by escapes: a name may have line feeds and bytes that are not UTF-8."""
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()


def size_text(count: float | None) -> str:
    """`1.5 MiB`; a dash for None."""
    if count is None:
        return "-"
    for unit in UNITS[:-1]:
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == UNITS[0] else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {UNITS[-1]}"


def time_text(time: datetime | None) -> str:
    """Local time, to the minute."""
    return "-" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M")


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with columns two spaces apart."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]

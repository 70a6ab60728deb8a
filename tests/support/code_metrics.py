"""Names of the metrics that the code registers, read from its syntax."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "auth_service", "converter_service", "notification_service", "shared")
# Suffixes that prometheus-client appends to the name.
SUFFIXES = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_count", "_sum")}
# Of prometheus_client.ProcessCollector, and of Prometheus itself.
FOREIGN = frozenset(
    {
        "process_cpu_seconds_total",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "up",
    }
)


def families() -> set[str]:
    """Names as documents have them: without the suffixes of histograms."""
    return {f"{name}{SUFFIXES[kind][0] if kind == 'Counter' else ''}" for kind, name in _registered()}


def series_names() -> set[str]:
    """Names as queries have them."""
    own = {f"{name}{suffix}" for kind, name in _registered() for suffix in SUFFIXES[kind]}
    return own | FOREIGN


def _registered() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield from _in(path)


def _in(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text()
    if "prometheus_client" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SUFFIXES:
            name = node.args[0]
            assert isinstance(name, ast.Constant), f"{path}: a metric's name is no literal"
            yield node.func.id, str(name.value)

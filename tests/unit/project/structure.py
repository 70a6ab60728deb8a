"""Measurements of the source tree: sizes of files and functions, names of modules, paths by feature."""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

MAX_MEDIAN_LINES, MAX_90_PERCENT_LINES, MAX_LINES = 70, 160, 250
MAX_FUNCTION_LINES = 60
MAX_ROOT_ENTRIES = 22
# Nouns that end in -ing; compared with the last word of a name.
ALLOWED_NAMES = frozenset({"encoding", "logging", "messaging", "ring", "sniffing", "streaming", "string"})


def files_of(root: Path) -> list[str]:
    """Paths of the files that git tracks; without git, of all files outside hidden and cache folders."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        relative = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in relative if _is_source(path))
    return sorted(path for path in listed.splitlines() if (root / path).is_file())


def _is_source(path: Path) -> bool:
    return path.suffix != ".pyc" and not any(part.startswith((".", "__pycache__")) for part in path.parts)


def modules_of(files: Iterable[str], packages: Sequence[str]) -> list[str]:
    """Python files below the given packages, without `__init__.py`: these only describe their package."""
    return [
        path
        for path in files
        if path.endswith(".py") and path.split("/")[0] in packages and not path.endswith("/__init__.py")
    ]


def missing_nouns(files: Iterable[str], nouns: Mapping[str, str]) -> list[str]:
    """Returns `noun: service` for each noun whose words are in no path of its service."""
    paths = [path.lower() for path in files]
    return [
        f"{noun}: {service}"
        for noun, service in nouns.items()
        if not any(path.startswith(f"{service}/") and _names(path, noun) for path in paths)
    ]


def _names(path: str, noun: str) -> bool:
    """Compares whole words: `range` is in `range_header.py` and `ranges.py`, but not in `arrange.py`."""
    return re.search(rf"(?<![a-z]){noun.replace(' ', '_')}s?(?![a-z])", path) is not None


def size_problems(root: Path, modules: Sequence[str]) -> list[str]:
    """Returns a message for each yardstick of file size that the modules exceed."""
    lines = {path: len((root / path).read_text().splitlines()) for path in modules}
    sizes = sorted(lines.values())
    problems = [f"{path}: {count} lines" for path, count in lines.items() if count > MAX_LINES]
    if median(sizes) > MAX_MEDIAN_LINES:
        problems.append(f"median: {median(sizes):g} lines")
    if (share := sum(size <= MAX_90_PERCENT_LINES for size in sizes) / len(sizes)) < 0.9:
        problems.append(f"only {share:.0%} of the files have at most {MAX_90_PERCENT_LINES} lines")
    return problems


def long_functions(root: Path, modules: Iterable[str]) -> list[str]:
    """Returns `path:line name (lines)` for each function that is too long, its docstring included."""
    return [
        f"{path}:{node.lineno} {node.name} ({node.end_lineno - node.lineno + 1})"
        for path in modules
        for node in ast.walk(ast.parse((root / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]


def activity_names(modules: Iterable[str]) -> list[str]:
    """Returns paths with a part that is named by an activity (`-ing`) instead of a noun."""
    return [path for path in modules if any(map(_is_activity, path.removesuffix(".py").split("/")))]


def _is_activity(name: str) -> bool:
    last_word = name.rpartition("_")[2]
    return last_word.endswith("ing") and last_word not in ALLOWED_NAMES


def crowded_roots(files: Iterable[str], services: Sequence[str]) -> list[str]:
    """Returns `service: count` for each service with too many modules and packages at its root."""
    paths = list(files)
    entries = {
        service: {_entry(path) for path in paths if path.startswith(f"{service}/") and path.endswith(".py")}
        for service in services
    }
    counts = {service: len(found - {"__init__.py", "__main__.py"}) for service, found in entries.items()}
    return [f"{service}: {count}" for service, count in counts.items() if count > MAX_ROOT_ENTRIES]


def _entry(path: str) -> str:
    return path.split("/")[1]


def definitions(source: str) -> Iterator[str]:
    """Yields names of functions and classes, and `Class.method` for methods."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            yield from (f"{node.name}.{method.name}" for method in methods)

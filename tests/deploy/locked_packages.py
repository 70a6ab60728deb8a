"""The packages of a service's image, by uv.lock."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec


class Requirement(msgspec.Struct, frozen=True):
    """A package, and those of its extras that are asked for."""

    name: str
    extra: tuple[str, ...] = ()


class LockedPackage(msgspec.Struct, frozen=True, rename="kebab"):
    name: str
    dependencies: tuple[Requirement, ...] = ()
    optional_dependencies: Mapping[str, tuple[Requirement, ...]] = {}


def locked_packages(lock: Path, project: str, extra: str) -> frozenset[str]:
    """Names of the packages that `project[extra]` installs, on any platform."""
    listed: Sequence[Any] = tomllib.loads(lock.read_text())["package"]
    packages = {each.name: each for each in msgspec.convert(listed, tuple[LockedPackage, ...])}
    wanted, found = [Requirement(project, (extra,))], set[Requirement]()
    while wanted:
        if (requirement := wanted.pop()) not in found:
            found.add(requirement)
            wanted += _required(packages[requirement.name], requirement.extra)
    return frozenset(each.name for each in found) - {project}


def _required(package: LockedPackage, extras: tuple[str, ...]) -> Iterator[Requirement]:
    yield from package.dependencies
    for extra in extras:
        yield from package.optional_dependencies.get(extra, ())

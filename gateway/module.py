"""Modules: a feature's controllers, providers and guards.

    @module(controllers=[AuthController])
    class AuthModule:
        auth: AuthClient

The fields are the module's providers, which the handlers of its controllers, and no others, receive by name.
Omitting one when the module is built is a type error, and stops the process at start.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar, dataclass_transform

import msgspec
from litestar import Controller, Router
from litestar.types import Guard

from shared.http.application import provided

T = TypeVar("T")

PARTS = "__module_parts__"


class ModuleError(Exception):
    """The modules do not fit together. The process must not start."""


class Parts(msgspec.Struct, frozen=True):
    """The arguments of the decorator."""

    controllers: tuple[type[Controller], ...]
    guards: tuple[Guard, ...]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def module(
    *, controllers: Sequence[type[Controller]], guards: Sequence[Guard] = ()
) -> Callable[[type[T]], type[T]]:
    """Class decorator of modules. `guards` run after the application's own."""

    def declare(cls: type[T]) -> type[T]:
        made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        setattr(made, PARTS, Parts(tuple(controllers), tuple(guards)))
        return made

    return declare


def compose(modules: Sequence[object]) -> list[Router]:
    """One router per module. Raises ModuleError for a module without controllers, a repeated module, a
    controller of two modules and a missing provider. Litestar itself refuses two handlers of the same method
    and path, and a handler whose module lacks a provider.
    """
    parts = [_parts(instance) for instance in modules]
    _refuse_repeated("module", [type(instance) for instance in modules])
    _refuse_repeated("controller", [controller for part in parts for controller in part.controllers])
    return [_router(instance, part) for instance, part in zip(modules, parts, strict=True)]


def _parts(instance: object) -> Parts:
    parts = getattr(type(instance), PARTS, None)
    if not isinstance(parts, Parts):
        raise ModuleError(f"{type(instance).__name__} is not a module")
    if not parts.controllers:
        raise ModuleError(f"{type(instance).__name__} has no controllers")
    return parts


def _refuse_repeated(kind: str, classes: Sequence[type]) -> None:
    for cls in classes:
        if classes.count(cls) > 1:
            raise ModuleError(f"{kind} {cls.__name__} is registered twice")


def _router(instance: object, parts: Parts) -> Router:
    fields = dataclasses.fields(instance)  # type: ignore[arg-type]  # the decorator made it one
    providers = {field.name: getattr(instance, field.name) for field in fields}
    for name, provider in providers.items():
        if provider is None:
            raise ModuleError(f"{type(instance).__name__}.{name} is missing")
    return Router(
        "/",
        route_handlers=list(parts.controllers),
        dependencies={name: provided(provider) for name, provider in providers.items()},
        guards=list(parts.guards),
    )

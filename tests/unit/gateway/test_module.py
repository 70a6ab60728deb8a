"""Composition of modules: valid ones become routers, invalid ones raise ModuleError."""

from typing import Any

import pytest
from litestar import Controller, Litestar, get
from litestar.exceptions import ImproperlyConfiguredException

from gateway.module import ModuleError, compose, module
from shared.http import Injected


class Greeter:
    word = "hello"


class GreetingController(Controller):
    path = "/greet"

    @get()
    async def greet(self, greeter: Injected[Greeter]) -> str:
        return greeter.word


class SameCallController(Controller):
    @get("/greet")
    async def greet(self) -> str:
        return "again"


@module(controllers=[GreetingController])
class GreetingModule:
    greeter: Greeter


@module(controllers=[GreetingController])
class CopiedModule:
    greeter: Greeter


@module(controllers=[SameCallController])
class SameCallModule:
    pass


@module(controllers=[GreetingController])
class IncompleteModule:
    pass


@module(controllers=[])
class EmptyModule:
    pass


def test_valid_modules_become_routers() -> None:
    app = Litestar(compose([GreetingModule(greeter=Greeter())]), openapi_config=None)
    assert "/greet" in {route.path for route in app.routes}


def test_a_provider_left_out_stops_the_start() -> None:
    incomplete: Any = GreetingModule
    with pytest.raises(TypeError, match="greeter"):
        incomplete()


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ([GreetingModule(greeter=None)], "greeter is missing"),  # type: ignore[arg-type]
        ([GreetingModule(greeter=Greeter()), GreetingModule(greeter=Greeter())], "module GreetingModule"),
        (
            [GreetingModule(greeter=Greeter()), CopiedModule(greeter=Greeter())],
            "controller GreetingController",
        ),
        ([EmptyModule()], "no controllers"),
        ([Greeter()], "not a module"),
    ],
)
def test_invalid_modules_stop_the_start(modules: list[object], complaint: str) -> None:
    with pytest.raises(ModuleError, match=complaint):
        compose(modules)


def test_a_handler_with_an_unknown_dependency_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfiguredException, match="greeter"):
        Litestar(compose([IncompleteModule()]), openapi_config=None)


def test_two_handlers_of_one_route_stop_the_start() -> None:
    with pytest.raises(ImproperlyConfiguredException, match="greet"):
        Litestar(compose([GreetingModule(greeter=Greeter()), SameCallModule()]), openapi_config=None)

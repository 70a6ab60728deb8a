"""Assembly of a Litestar application: problem responses, request ids, health routes, metrics, stopping."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.params import SkipValidation
from litestar.types import ASGIApp, ControllerRouterHandler
from prometheus_client import CollectorRegistry

from shared.errors import ClientDisconnected, ServiceError
from shared.http.body_drain import BodyDrainMiddleware
from shared.http.graceful_stop import GracefulStop
from shared.http.health import health_routes
from shared.http.json_request import StrictJSONRequest, require_json_content_type
from shared.http.problems import (
    on_bad_text,
    on_client_disconnected,
    on_framework_error,
    on_service_error,
    on_too_deep,
    on_unexpected_error,
)
from shared.http.readiness import Check
from shared.http.request_log import RequestLogMiddleware

T = TypeVar("T")

# A dependency that Litestar does not validate: it would check a Protocol with isinstance and answer 500.
Injected: TypeAlias = NamedDependency[SkipValidation[T]]

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
AsyncGuard: TypeAlias = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

Lifespan: TypeAlias = Callable[[Litestar], AbstractAsyncContextManager[object]]

JSON_BODY_BYTES = 64 * 1024
STOP_STEPS = "stop_steps"


class Wiring(msgspec.Struct, kw_only=True):
    """Everything that an application consists of.

    `provide` holds ready objects, injected by name. `middleware` wraps the routes in ASGI middleware,
    innermost first, inside of the request log and of the draining of unread bodies. When the process is
    stopped, `on_stop` functions end endless responses at once, and `drains` finish or hand back other work
    while health checks are still answered.
    `extra` is passed to Litestar.
    """

    controllers: Sequence[ControllerRouterHandler]
    provide: Mapping[str, object] = msgspec.field(default_factory=dict)
    checks: Sequence[Check] = ()
    lifespan: Sequence[Lifespan] = ()
    guards: Sequence[AsyncGuard] = ()
    health_opt: dict[str, Any] = msgspec.field(default_factory=dict)
    openapi: OpenAPIConfig | None = None
    max_json_bytes: int = JSON_BODY_BYTES
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)
    middleware: Sequence[Callable[[ASGIApp], ASGIApp]] = ()
    on_stop: Sequence[Callable[[], None]] = ()
    drains: Sequence[Callable[[], Awaitable[object]]] = ()
    extra: Mapping[str, Any] = msgspec.field(default_factory=dict)


class StopSteps(msgspec.Struct, frozen=True):
    """What `server.serve` does when the process is stopped."""

    graceful_stop: GracefulStop
    body_drain: BodyDrainMiddleware
    on_stop: Sequence[Callable[[], None]]
    drains: Sequence[Callable[[], Awaitable[object]]]

    def begin(self) -> None:
        """Refuses new requests and ends endless responses. Safe to repeat."""
        self.graceful_stop.begin()
        for end in self.on_stop:
            end()


def build_application(wiring: Wiring) -> Litestar:
    """Builds the application."""
    graceful_stop = GracefulStop()
    app = Litestar(
        [*wiring.controllers, *health_routes(wiring.checks, graceful_stop, wiring.health_opt)],
        dependencies={name: provided(value) for name, value in wiring.provide.items()},
        guards=[combine_guards(wiring.guards)],
        lifespan=list(wiring.lifespan),
        exception_handlers={
            ClientDisconnected: on_client_disconnected,
            ServiceError: on_service_error,
            HTTPException: on_framework_error,
            UnicodeDecodeError: on_bad_text,
            RecursionError: on_too_deep,
            Exception: on_unexpected_error,
        },
        openapi_config=wiring.openapi,
        request_class=StrictJSONRequest,
        request_max_body_size=wiring.max_json_bytes,
        logging_config=None,
        debug=False,
        **wiring.extra,
    )
    app.asgi_handler = graceful_stop.middleware(app.asgi_handler)
    for wrap in wiring.middleware:
        app.asgi_handler = wrap(app.asgi_handler)
    body_drain = BodyDrainMiddleware(app.asgi_handler)
    app.state[STOP_STEPS] = StopSteps(graceful_stop, body_drain, wiring.on_stop, wiring.drains)
    app.asgi_handler = RequestLogMiddleware(body_drain, wiring.registry)
    return app


def combine_guards(guards: Sequence[AsyncGuard]) -> AsyncGuard:
    """One guard that runs `guards` in turn, then checks the body's media type.

    Litestar copies the handler for every guard of every request, and runs guards that are not coroutine
    functions in a thread; both cost more than the guards themselves.
    """

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        for each in guards:
            await each(connection, handler)
        require_json_content_type(connection, handler)

    return guard


def provided(value: object) -> Provide:
    """A ready object as a dependency of handlers."""

    def provide() -> object:
        return value

    return Provide(provide, sync_to_thread=False)

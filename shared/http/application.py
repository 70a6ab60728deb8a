"""One straight way from controllers to an application: problems, request ids, health, metrics."""

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
from shared.http.graceful_stop import GracefulStop
from shared.http.health import Check, health_routes
from shared.http.json_request import StrictJSONRequest
from shared.http.media_types import require_json_content_type
from shared.http.problems import (
    on_bad_text,
    on_client_disconnected,
    on_framework_error,
    on_service_error,
    on_too_deep,
    on_unexpected_error,
)
from shared.http.request_log import RequestLogMiddleware

T = TypeVar("T")

# A dependency that Litestar hands over as it is: it would check a Protocol with isinstance and answer 500.
Injected: TypeAlias = NamedDependency[SkipValidation[T]]

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
AsyncGuard: TypeAlias = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

Lifespan: TypeAlias = Callable[[Litestar], AbstractAsyncContextManager[object]]

JSON_BODY_BYTES = 64 * 1024
ENDLESS = "endless"
DRAINING = "draining"
BESIDE = "beside"


class Wiring(msgspec.Struct, kw_only=True):
    """All that an application is made of. `provide` are ready objects, injected by name; `around` wraps the
    routes in ASGI middleware, innermost first, all of it within what observes requests. `endless` are called
    when the process is told to stop: they end the answers that would not end by themselves. `beside` finish
    or hand back what runs beside the requests then; meanwhile health is still answered for.
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
    around: Sequence[Callable[[ASGIApp], ASGIApp]] = ()
    endless: Sequence[Callable[[], None]] = ()
    beside: Sequence[Callable[[], Awaitable[object]]] = ()
    extra: Mapping[str, Any] = msgspec.field(default_factory=dict)


def application(wiring: Wiring) -> Litestar:
    """`extra` goes to Litestar as it is (middleware, after_request …)."""
    draining = GracefulStop()
    app = Litestar(
        [*wiring.controllers, *health_routes(wiring.checks, draining, wiring.health_opt)],
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
    app.state[ENDLESS] = tuple(wiring.endless)
    app.state[DRAINING] = draining
    app.state[BESIDE] = tuple(wiring.beside)
    app.asgi_handler = draining.around(app.asgi_handler)
    for wrap in wiring.around:
        app.asgi_handler = wrap(app.asgi_handler)
    app.asgi_handler = RequestLogMiddleware(app.asgi_handler, wiring.registry)
    return app


def combine_guards(guards: Sequence[AsyncGuard]) -> AsyncGuard:
    """All of them in turn, then the look at the body's media type.

    Litestar copies the handler for every guard of every request, and hands each guard that is not a coroutine
    to a thread: that would cost more than the guards themselves.
    """

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        for each in guards:
            await each(connection, handler)
        require_json_content_type(connection, handler)

    return guard


def provided(value: object) -> Provide:
    """A ready object as a dependency."""

    def give() -> object:
        return value

    return Provide(give, sync_to_thread=False)

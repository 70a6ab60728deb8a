"""`/healthz` (the process is alive) and `/readyz` (its dependencies by name)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from shared.errors import Unavailable
from shared.http.graceful_stop import GracefulStop, ShuttingDown
from shared.http.problems import MEDIA_TYPE, Problem, problem
from shared.http.readiness import Check, Readiness


class Alive(msgspec.Struct, frozen=True):
    status: str


class Ready(msgspec.Struct, frozen=True):
    status: str
    checks: dict[str, str]


def health_routes(
    checks: Sequence[Check], graceful_stop: GracefulStop, opt: dict[str, Any] | None = None
) -> list[HTTPRouteHandler]:
    """The two route handlers, with the route options `opt`."""
    readiness = Readiness(checks)

    @get("/healthz", opt=opt, operation_id="healthz", summary="Liveness of the process", tags=["health"])
    async def healthz() -> Alive:
        return Alive("ok")

    @get(
        "/readyz",
        opt=opt,
        operation_id="readyz",
        summary="Readiness, with the state of each dependency",
        tags=["health"],
        responses={
            Unavailable.status: ResponseSpec(
                Problem,
                description="A critical dependency is down, or the process is stopping",
                media_type=MEDIA_TYPE,
                generate_examples=False,
            )
        },
    )
    async def readyz() -> Response[Ready]:
        if graceful_stop.has_begun:
            return problem(ShuttingDown())  # type: ignore[return-value]
        states = await readiness.states()
        if readiness.missing(states):
            return problem(Unavailable("A dependency is down."), checks=states)  # type: ignore[return-value]
        return Response(Ready("ok", states), headers={"Cache-Control": "no-store"})

    return [healthz, readyz]

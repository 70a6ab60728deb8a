"""The overview, for administrators."""

from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import relay
from shared.contracts.overview import Overview


class OverviewController(Controller):
    path = "/v1/admin/overview"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    overview = relay(
        "GET",
        answer=Overview,
        success="The overview",
        summary="Get the state of the queue and the numbers of the last 24 hours",
        operation_id="get_overview",
        problems=(401, 403),
    )

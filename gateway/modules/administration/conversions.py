"""Conversions of all accounts, for administrators."""

from litestar import Controller

from gateway.modules.administration.schemas import ConversionQuery
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import Audit, relay
from shared.contracts.conversions import ManagedConversionPage


class ManagedConversionsController(Controller):
    path = "/v1/admin/conversions"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_all = relay(
        "GET",
        query=ConversionQuery,
        answer=ManagedConversionPage,
        audit=Audit("conversions_listed", {"owner_id": "owner_id", "status": "status"}),
        success="A page",
        summary="List the conversions of all accounts, newest first",
        operation_id="list_all_conversions",
        problems=(400, 401, 403),
    )

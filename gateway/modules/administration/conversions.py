"""Everybody's conversions, for administrators."""

from typing import Any

from litestar import Controller, Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import ASGIResponse

from gateway.clients.administration import given
from gateway.clients.conversions import ManagedConversionPage
from gateway.clients.managed import ManagedClient
from gateway.identity.auth_guard import principal_of
from gateway.modules.administration.schemas import IdCursor, Limit, OwnerId, StatusIs
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.http import Injected


class ManagedConversionsController(Controller):
    path = "/v1/admin/conversions"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @get(
        summary="Everybody's conversions, newest first",
        operation_id="list_all_conversions",
        security=SIGNED_IN,
        responses={200: ResponseSpec(ManagedConversionPage, description="A page"), **problems(400, 401, 403)},
    )
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        managed: Injected[ManagedClient],
        *,
        owner_id: OwnerId = None,
        status: StatusIs = None,
        cursor: IdCursor = None,
        limit: Limit = 20,
    ) -> ASGIResponse:
        query = given(owner_id=owner_id, status=status, cursor=cursor, limit=str(limit))
        return await managed.conversions(request, principal_of(request), query)

"""Messages that nobody could handle: look at them, put them back, throw them away."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from gateway.clients.administration import given
from gateway.clients.dead_letters import DeadLetterPage, WholeDeadLetter
from gateway.clients.managed import ManagedClient
from gateway.identity.auth_guard import principal_of
from gateway.modules.administration.schemas import IdCursor, LetterStatusIs, Limit
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class DeadLettersController(Controller):
    path = "/v1/admin/dead-letters"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @get(
        summary="Messages that nobody could handle, the latest first",
        operation_id="list_dead_letters",
        security=SIGNED_IN,
        responses={200: ResponseSpec(DeadLetterPage, description="A page"), **problems(400, 401, 403)},
    )
    async def list_all(
        self,
        request: AnyRequest,
        managed: Injected[ManagedClient],
        *,
        status: LetterStatusIs = None,
        cursor: IdCursor = None,
        limit: Limit = 20,
    ) -> ASGIResponse:
        query = given(status=status, cursor=cursor, limit=str(limit))
        return await managed.dead_letters(request, principal_of(request), query)

    @get(
        "/{letter_id:str}",
        summary="One of them, with its message and its history",
        operation_id="get_dead_letter",
        security=SIGNED_IN,
        responses={
            200: ResponseSpec(WholeDeadLetter, description="The dead letter"),
            **problems(400, 401, 403, 404),
        },
    )
    async def one(
        self, request: AnyRequest, letter_id: FromPath[str], managed: Injected[ManagedClient]
    ) -> ASGIResponse:
        return await managed.dead_letter(request, principal_of(request), letter_id)

    @post(
        "/{letter_id:str}/replay",
        status_code=200,
        summary="Put it back into the queue where it died; asking again changes nothing",
        operation_id="replay_dead_letter",
        security=SIGNED_IN,
        responses={
            200: ResponseSpec(WholeDeadLetter, description="Replayed"),
            **problems(400, 401, 403, 404, 409),
        },
    )
    async def replay(
        self, request: AnyRequest, letter_id: FromPath[str], managed: Injected[ManagedClient]
    ) -> ASGIResponse:
        return await managed.replay(request, principal_of(request), letter_id)

    @delete(
        "/{letter_id:str}",
        summary="Never handle it; the record of it stays for a while",
        operation_id="discard_dead_letter",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 409),
    )
    async def discard(
        self, request: AnyRequest, letter_id: FromPath[str], managed: Injected[ManagedClient]
    ) -> None:
        await managed.discard(request, principal_of(request), letter_id)

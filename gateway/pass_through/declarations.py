"""Routes that only pass a request on to a service: each is one declaration in its controller.

    class ApiKeysController(Controller):
        path = "/v1/auth/api-keys"

        create = forward(
            "POST",
            body=NewApiKey,
            answer=MadeApiKey,
            idempotent=True,
            summary="Create an API key",
            operation_id="create_api_key",
            problems=(400, 401, 403, 408, 409, 413, 415, 422),
        )

The request to the service has the same method and path, and a token of the gateway's own for the caller.
The module provides the called service: as `service` for `forward`, unless `to` names another, and as
`converter` for `relay`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Unpack

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_204_NO_CONTENT

from gateway.idempotency.service import Idempotency, IdempotencyKey
from gateway.identity.auth_guard import caller_of, principal_of
from gateway.identity.token_cache import TokenCache
from gateway.pass_through.announcement import (
    Announcement,
    announce,
    announce_made,
    announcement_parameters,
)
from gateway.pass_through.audit import Audit, audit_parameters, record
from gateway.pass_through.route import Documents, route
from gateway.pass_through.upstream import AnyRequest, JsonUpstream, upstream_path
from gateway.proxy.relay import Relay
from gateway.query import Query, pick
from shared.http import Injected

REQUIRED: Final = object()
"""Value of `body_default` for bodies that must not be missing."""


def forward(
    method: str,
    path: str = "/",
    *,
    to: str = "service",
    body: Any = None,
    body_default: object = REQUIRED,
    answer: Any = None,
    query: type[msgspec.Struct] | None = None,
    idempotent: bool = False,
    changes_account: bool = False,
    audit: Audit | None = None,
    announcement: Announcement | None = None,
    **documents: Unpack[Documents],
) -> HTTPRouteHandler:
    """A route that validates the request's JSON body and query here, and answers with the service's JSON.

    `to` is the name under which the module provides the service. `query` declares the query parameters as
    its fields. `idempotent` accepts an Idempotency-Key, `changes_account` drops the account's cached tokens.
    """
    parameters: dict[str, Any] = {
        to: Injected[JsonUpstream],
        **_query_parameters(query),
        **audit_parameters(audit),
        **announcement_parameters(announcement),
    }
    if body is not None:
        json_body: Any = JSONBody
        is_required = body_default is REQUIRED
        parameters["data"] = json_body[body] if is_required else (json_body[body | None], None)
    if idempotent:
        parameters |= {"idempotency": Injected[Idempotency], "idempotency_key": (IdempotencyKey, None)}
    if changes_account:
        parameters["tokens"] = Injected[TokenCache]

    async def handler(_: object, request: AnyRequest, **given: Any) -> object:
        await record(request, audit, given)
        service, sent_path, caller = given[to], upstream_path(request), caller_of(request)
        data, sent_query = given.get("data"), _sent(given, query)
        data = body_default if data is None and body_default is not REQUIRED else data

        async def act() -> object:
            sent = await announce(request, announcement, given, data)
            made = await service.forward(
                request, sent_path, answer, body=sent, caller=caller, query=sent_query
            )
            await announce_made(request, announcement, given)
            return made

        with _account_change(request, given):
            if idempotent:
                return await given["idempotency"].perform(request, given["idempotency_key"], data, act)
            content = await act()
        return Response(b"") if has_empty_body else content

    has_empty_body = (
        answer is None and documents.get("status_code", HTTP_204_NO_CONTENT) != HTTP_204_NO_CONTENT
    )
    returns = Response[bytes] if has_empty_body else answer
    return route(handler, method, path, parameters, returns, documents=documents, documented=answer)


def relay(
    method: str,
    path: str = "/",
    *,
    answer: Any = None,
    query: type[msgspec.Struct] | Sequence[str] = (),
    refuse_other_parameters: bool = False,
    audit: Audit | None = None,
    **documents: Unpack[Documents],
) -> HTTPRouteHandler:
    """A route whose request and response bodies are streamed as they are. `answer` only documents the body of
    the response.

    `query` declares the query parameters as its fields, or names those that are relayed without validation.
    """
    typed = query if isinstance(query, type) else None
    names = () if isinstance(query, type) else query
    parameters: dict[str, Any] = {
        "converter": Injected[Relay],
        **_query_parameters(typed),
        **audit_parameters(audit),
    }

    async def handler(_: object, request: AnyRequest, **given: Any) -> ASGIResponse:
        await record(request, audit, given)
        sent_query = _sent(given, typed) or pick(request.scope, names, refuse_others=refuse_other_parameters)
        sent_path, caller = upstream_path(request), caller_of(request)
        service: Relay = given["converter"]
        return await service.stream(request, sent_path, query=sent_query, caller=caller)

    return route(handler, method, path, parameters, ASGIResponse, documents=documents, documented=answer)


def _query_parameters(query: type[msgspec.Struct] | None) -> dict[str, Any]:
    fields = msgspec.structs.fields(query) if query else ()
    return {field.name: (field.type, field.default) for field in fields}


def _sent(given: Mapping[str, Any], query: type[msgspec.Struct] | None) -> Query:
    """The query parameters that have a value."""
    names = query.__struct_fields__ if query else ()
    return [(name, str(given[name])) for name in names if given[name] is not None]


def _account_change(request: AnyRequest, given: Mapping[str, Any]) -> AbstractContextManager[None]:
    tokens: TokenCache | None = given.get("tokens")
    if tokens is None or caller_of(request) is None:
        return nullcontext()
    return tokens.changing(principal_of(request).user_id)

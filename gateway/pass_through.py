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

The service is asked at the same path with the same method, and with the caller's access token. Which service
that is says the module, by its provider `service` or `relay`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from inspect import Parameter, Signature
from typing import Any, Final, Protocol, Required, TypedDict, Unpack

import msgspec
from litestar import HttpMethod, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, SecurityRequirement
from litestar.params import JSONBody
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from litestar.types import Empty

from gateway.clients.audit_log import AuditLog
from gateway.idempotency.service import Idempotency, IdempotencyKey
from gateway.identity.auth_guard import OPTIONAL_KEY, PUBLIC_KEY, caller_token, principal_of
from gateway.identity.token_cache import TokenCache
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.proxy.path_segments import plain
from gateway.proxy.relay import WITH_BODY, Relay
from gateway.query import Query, chosen
from shared.http import Injected
from shared.settings import Secret

AnyRequest = Request[Any, Any, Any]

REQUIRED: Final = object()
"""Value of `body_default` for bodies that must not be missing."""


class JsonUpstream(Protocol):
    """A service that is called with JSON."""

    async def forward(
        self,
        request: AnyRequest,
        path: str,
        answer: Any,
        *,
        body: object = None,
        token: Secret | None = None,
        query: Query = (),
    ) -> object:
        """The body of the service's response, as `answer` or as JSON; None when `answer` is None."""


class Audit(msgspec.Struct, frozen=True):
    """An entry of the audit log that is recorded before the request is passed on. `details` maps each name in
    the entry to the path or query parameter with its value.
    """

    action: str
    details: Mapping[str, str] = msgspec.field(default_factory=dict)


class Documents(TypedDict, total=False):
    """What the OpenAPI document says of a route; `opt` and `status_code` are Litestar's own."""

    summary: Required[str]
    operation_id: Required[str]
    problems: Sequence[int]
    success: str
    status_code: int
    opt: Mapping[str, Any]
    operation_class: type[Operation]


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
    **documents: Unpack[Documents],
) -> HTTPRouteHandler:
    """A route that validates the request's JSON body and query here, and answers with the service's JSON.

    `query` declares the query parameters as its fields. `idempotent` accepts an Idempotency-Key.
    `changes_account` drops what the token cache holds of the caller's account.
    """
    parameters: dict[str, Any] = {to: Injected[JsonUpstream], **_query_parameters(query), **_audit(audit)}
    if body is not None:
        json_body: Any = JSONBody
        is_required = body_default is REQUIRED
        parameters["data"] = json_body[body] if is_required else (json_body[body | None], None)
    if idempotent:
        parameters |= {"idempotency": Injected[Idempotency], "idempotency_key": (IdempotencyKey, None)}
    if changes_account:
        parameters["tokens"] = Injected[TokenCache]

    async def handler(_: object, request: AnyRequest, **given: Any) -> object:
        await _record(request, audit, given)
        service, sent_path, token = given[to], upstream_path(request), caller_token(request)
        data, sent_query = given.get("data"), _sent(given, query)
        data = body_default if data is None and body_default is not REQUIRED else data

        async def act() -> object:
            return await service.forward(request, sent_path, answer, body=data, token=token, query=sent_query)

        with _account_change(request, given):
            if idempotent:
                return await given["idempotency"].perform(request, given["idempotency_key"], data, act)
            content = await act()
        return Response(b"") if has_empty_body else content

    has_empty_body = (
        answer is None and documents.get("status_code", HTTP_204_NO_CONTENT) != HTTP_204_NO_CONTENT
    )
    returns = Response[bytes] if has_empty_body else answer
    return _route(handler, method, path, parameters, returns, documents=documents, documented=answer)


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
    parameters: dict[str, Any] = {"relay": Injected[Relay], **_query_parameters(typed), **_audit(audit)}

    async def handler(_: object, request: AnyRequest, **given: Any) -> ASGIResponse:
        await _record(request, audit, given)
        sent_query = _sent(given, typed) or chosen(
            request.scope, names, refuse_others=refuse_other_parameters
        )
        sent_path, token = upstream_path(request), caller_token(request)
        service: Relay = given["relay"]
        return await service.stream(request, sent_path, query=sent_query, token=token)

    return _route(handler, method, path, parameters, ASGIResponse, documents=documents, documented=answer)


def upstream_path(request: AnyRequest) -> str:
    """The path of the route with the values of its parameters. Raises NotFound for a value that is more than
    a plain name: a client cannot address anything else by it.
    """
    values = {name: plain(str(value)) for name, value in request.path_params.items()}
    return request.scope["path_template"].format(**values)


def _route(
    handler: Any,
    method: str,
    path: str,
    parameters: Mapping[str, Any],
    returns: Any,
    *,
    documents: Documents,
    documented: Any,
) -> HTTPRouteHandler:
    """Gives `handler` the signature that Litestar reads dependencies, validation and documents from."""
    _sign(handler, documents["operation_id"], {"request": AnyRequest, **parameters}, returns)
    status_code, opt, streams = (
        documents.get("status_code"),
        documents.get("opt", {}),
        returns is ASGIResponse,
    )
    responses = problems(*documents.get("problems", ()))
    if success := documents.get("success"):
        responses[status_code or HTTP_200_OK] = ResponseSpec(documented, description=success)
    return HTTPRouteHandler(
        path,
        http_method=HttpMethod(method),
        # Litestar refuses this status on handlers that return an object.
        status_code=None if streams and status_code == HTTP_204_NO_CONTENT else status_code,
        opt=opt,
        summary=documents["summary"],
        operation_id=documents["operation_id"],
        operation_class=documents.get("operation_class", Operation),
        responses=responses,
        security=_security(opt),
        request_max_body_size=None if streams and method in WITH_BODY else Empty,
    )(handler)


def _sign(handler: Any, name: str, parameters: Mapping[str, Any], returns: Any) -> None:
    """`parameters` are annotations by name, or pairs of an annotation and a default."""
    pairs = {each: of if isinstance(of, tuple) else (of, Parameter.empty) for each, of in parameters.items()}
    keywords = [
        Parameter(each, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for each, (kind, default) in pairs.items()
    ]
    handler.__signature__ = Signature(
        [Parameter("self", Parameter.POSITIONAL_ONLY), *keywords], return_annotation=returns
    )
    handler.__annotations__ = {each: kind for each, (kind, _) in pairs.items()} | {"return": returns}
    handler.__name__ = handler.__qualname__ = name


def _security(opt: Mapping[str, Any]) -> list[SecurityRequirement] | None:
    if opt.get(PUBLIC_KEY):
        return None
    return [*SIGNED_IN, {}] if opt.get(OPTIONAL_KEY) else SIGNED_IN


def _query_parameters(query: type[msgspec.Struct] | None) -> dict[str, Any]:
    fields = msgspec.structs.fields(query) if query else ()
    return {field.name: (field.type, field.default) for field in fields}


def _sent(given: Mapping[str, Any], query: type[msgspec.Struct] | None) -> Query:
    """The query parameters that have a value."""
    names = query.__struct_fields__ if query else ()
    return [(name, str(given[name])) for name in names if given[name] is not None]


def _audit(audit: Audit | None) -> dict[str, Any]:
    return {} if audit is None else {"audit_log": Injected[AuditLog]}


async def _record(request: AnyRequest, audit: Audit | None, given: Mapping[str, Any]) -> None:
    if audit is None:
        return
    log: AuditLog = given["audit_log"]
    values = {**given, **{name: plain(str(value)) for name, value in request.path_params.items()}}
    details = {name: values[source] for name, source in audit.details.items() if values[source] is not None}
    await log.record(principal_of(request).access_token, audit.action, details)


def _account_change(request: AnyRequest, given: Mapping[str, Any]) -> AbstractContextManager[None]:
    tokens: TokenCache | None = given.get("tokens")
    return nullcontext() if tokens is None else tokens.changing(principal_of(request).user_id)

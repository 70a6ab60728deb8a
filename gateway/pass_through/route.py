"""Route handlers with a generated signature, and their part of the OpenAPI document."""

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, Required, TypedDict

from litestar import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, SecurityRequirement
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from litestar.types import Empty

from gateway.identity.auth_guard import OPTIONAL_KEY, PUBLIC_KEY
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.pass_through.upstream import AnyRequest
from gateway.proxy.relay import WITH_BODY


class Documents(TypedDict, total=False):
    """What the OpenAPI document says of a route; `opt` and `status_code` are Litestar's own."""

    summary: Required[str]
    operation_id: Required[str]
    problems: Sequence[int]
    success: str
    status_code: int
    opt: Mapping[str, Any]
    operation_class: type[Operation]


def route(
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
    status_code, opt = documents.get("status_code"), documents.get("opt", {})
    streams = returns is ASGIResponse
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

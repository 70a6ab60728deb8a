"""Signing in with a provider: the browser's side of it. What the protocol asks for is auth_service's."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_302_FOUND, HTTP_303_SEE_OTHER

from gateway.clients.auth import AuthClient
from gateway.identity.auth_guard import limited, public
from gateway.limits.rate_limit import Rate
from gateway.modules.auth.browser import BrowserCookie
from gateway.modules.auth.schemas import SignInCode
from gateway.openapi.problem_responses import problems
from gateway.proxy.upstream_errors import BadAnswer
from gateway.query import chosen
from shared.contracts.http import TokenPair
from shared.errors import FieldError, InvalidRequest, NotFound
from shared.http import Injected

PROVIDER = re.compile(r"[a-z][a-z0-9-]{0,31}")
# What a service may say in a Location: an absolute URL of visible ASCII (RFC 3986), and no script.
LOCATION = re.compile(r"(?!(?:javascript|data|vbscript|file):)[a-z][a-z0-9+.-]*:/[!-~]*", re.IGNORECASE)
LONGEST_LOCATION = 8192

START_QUERY = {"redirect_uri": 4096, "code_challenge": 128}
# RFC 6749 §4.1.2: whatever else a provider sends is ignored; §3.1: nothing may be there twice.
CALLBACK_QUERY = {"code": 4096, "state": 128, "iss": 4096, "error": 4096}

# The address that we come from holds a code (RFC 9700 §4.2.4).
QUIET = {"Referrer-Policy": "no-referrer"}
TEXT = Schema(type=OpenAPIType.STRING)


def in_query(name: str, description: str) -> Parameter:
    return Parameter(name=name, param_in="query", schema=TEXT, required=False, description=description)


def redirect(description: str) -> OpenAPIResponse:
    location = OpenAPIHeader(schema=TEXT, description=description)
    return OpenAPIResponse(description=description, headers={"Location": location})


@dataclass
class StartOperation(Operation):
    """`GET /v1/auth/oauth/{provider}/start`"""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            in_query("redirect_uri", "Where to go afterwards: one of those that an operator has allowed."),
            in_query(
                "code_challenge", "With redirect_uri: S256 challenge of who may use the code (RFC 7636)."
            ),
        ]
        self.responses = {**(self.responses or {}), "302": redirect("The provider's page")}


@dataclass
class CallbackOperation(Operation):
    """`GET /v1/auth/oauth/{provider}/callback`"""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            in_query("code", "RFC 6749 §4.1.2"),
            in_query("state", "RFC 6749 §4.1.2"),
            in_query("iss", "RFC 9207 §2"),
            in_query("error", "RFC 6749 §4.1.2.1"),
        ]
        back = "The redirect_uri of the start, with `code`, or with the `error` that would have been answered"
        self.responses = {**(self.responses or {}), "303": redirect(back)}


class ProvidersController(Controller):
    path = "/v1/auth/oauth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = CacheControlHeader(no_store=True)

    @get(
        "/{provider:str}/start",
        opt=public | limited(Rate.LOGIN),
        status_code=HTTP_302_FOUND,
        summary="Sign in with a provider, in a browser",
        operation_id="start_provider_sign_in",
        operation_class=StartOperation,
        responses=problems(400, 404),
    )
    async def start(
        self,
        request: Request[Any, Any, Any],
        provider: FromPath[str],
        auth: Injected[AuthClient],
        browser_cookie: Injected[BrowserCookie],
    ) -> Response[None]:
        asked = parameters(request, START_QUERY)
        if browser := browser_cookie.read(request.cookies):
            asked["browser"] = browser
        started = await auth.start_provider_sign_in(named(provider), asked)
        cookie = browser_cookie.make(started.browser, timedelta(seconds=started.expires_in))
        return sent_to(started.location, HTTP_302_FOUND, cookies=[cookie])

    @get(
        "/{provider:str}/callback",
        opt=public | limited(Rate.LOGIN),
        summary="Where the provider sends the browser back to",
        operation_id="end_provider_sign_in",
        operation_class=CallbackOperation,
        responses={
            200: ResponseSpec(TokenPair, description="Tokens, when the start named no redirect_uri"),
            **problems(400, 403, 404, 409),
        },
    )
    async def callback(
        self,
        request: Request[Any, Any, Any],
        provider: FromPath[str],
        auth: Injected[AuthClient],
        browser_cookie: Injected[BrowserCookie],
    ) -> Response[Any]:
        brought = parameters(request, CALLBACK_QUERY)
        brought["browser"] = browser_cookie.read(request.cookies) or ""
        end = await auth.end_provider_sign_in(named(provider), brought)
        if isinstance(end, str):
            return sent_to(end, HTTP_303_SEE_OTHER)
        return Response(end, headers=QUIET)

    @post(
        "/token",
        opt=public | limited(Rate.LOGIN),
        status_code=200,
        summary="Spend the code of a sign-in with a provider for tokens",
        operation_id="redeem_provider_sign_in",
        responses=problems(400, 403, 408, 413, 415),
    )
    async def token(self, data: JSONBody[SignInCode], auth: Injected[AuthClient]) -> TokenPair:
        return await auth.redeem_sign_in(data.code, data.code_verifier)


def named(provider: str) -> str:
    """It becomes a part of a path inside."""
    if PROVIDER.fullmatch(provider) is None:
        raise NotFound
    return provider


def parameters(request: Request[Any, Any, Any], known: dict[str, int]) -> dict[str, str]:
    """Raises InvalidRequest for one that is there twice, or is longer than any can be."""
    given = dict(chosen(request.scope, tuple(known)))
    errors = [FieldError(name, "is too long") for name, value in given.items() if len(value) > known[name]]
    if errors:
        raise InvalidRequest("The query is not valid.", errors=errors)
    return given


def sent_to(location: str, status: int, **more: Any) -> Response[None]:
    """Raises BadAnswer when a service names a place that no browser should be sent to."""
    if len(location) > LONGEST_LOCATION or LOCATION.fullmatch(location) is None:
        raise BadAnswer("The service gave an answer that cannot be read.")
    return Response(None, status_code=status, headers={**QUIET, "Location": location}, **more)

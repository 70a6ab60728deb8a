"""Login with an OAuth provider: redirects and the browser's cookie. auth_service speaks the protocol."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema
from litestar.params import FromPath
from litestar.status_codes import HTTP_302_FOUND, HTTP_303_SEE_OTHER

from gateway.clients.auth import AuthService
from gateway.identity.auth_guard import limited, public
from gateway.limits.rate_limit import Rate
from gateway.modules.auth.browser_cookie import BrowserCookie
from gateway.openapi.problem_responses import problems
from gateway.pass_through import forward
from gateway.proxy.upstream_errors import BadAnswer
from gateway.query import pick
from shared.contracts.oauth import ProviderList, SignInCode
from shared.contracts.sessions import TokenPair
from shared.errors import FieldError, InvalidRequest, NotFound
from shared.http import Injected

PROVIDER = re.compile(r"[a-z][a-z0-9-]{0,31}")
# A Location that a service may redirect to: an absolute URL of visible ASCII (RFC 3986), and no script.
LOCATION = re.compile(r"(?!(?:javascript|data|vbscript|file):)[a-z][a-z0-9+.-]*:/[!-~]*", re.IGNORECASE)
MAX_LOCATION_LENGTH = 8192

START_QUERY = {"redirect_uri": 4096, "code_challenge": 128}
# RFC 6749 §4.1.2: other parameters of a provider are ignored; §3.1: none may be repeated.
CALLBACK_QUERY = {"code": 4096, "state": 128, "iss": 4096, "error": 4096}

# The URL of this page holds a code, which must not leak as a referrer (RFC 9700 §4.2.4).
NO_REFERRER = {"Referrer-Policy": "no-referrer"}
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
            in_query(
                "redirect_uri", "Where to redirect afterwards: one of the URLs that the operator has allowed."
            ),
            in_query("code_challenge", "Required with redirect_uri: the S256 challenge of PKCE (RFC 7636)."),
        ]
        self.responses = {**(self.responses or {}), "302": redirect("To the provider's page")}


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
        back = "To the redirect_uri of the start, with `code`, or with `error` in place of a problem"
        self.responses = {**(self.responses or {}), "303": redirect(back)}


class ProvidersController(Controller):
    path = "/v1/auth/oauth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = CacheControlHeader(no_store=True)

    offered = forward(
        "GET",
        "/providers",
        answer=ProviderList,
        opt=public,
        summary="List the providers that one can sign in with",
        operation_id="list_providers",
        problems=(),
    )

    @get(
        "/{provider:str}/start",
        opt=public | limited(Rate.LOGIN),
        status_code=HTTP_302_FOUND,
        summary="Start a sign-in with a provider, in a browser",
        operation_id="start_provider_sign_in",
        operation_class=StartOperation,
        responses=problems(400, 404),
    )
    async def start(
        self,
        request: Request[Any, Any, Any],
        provider: FromPath[str],
        service: Injected[AuthService],
        browser_cookie: Injected[BrowserCookie],
    ) -> Response[None]:
        start = parameters(request, START_QUERY)
        if browser := browser_cookie.read(request.cookies):
            start["browser"] = browser
        started = await service.start_provider_sign_in(provider_name(provider), start)
        cookie = browser_cookie.make(started.browser, timedelta(seconds=started.expires_in))
        return redirected(started.location, HTTP_302_FOUND, cookies=[cookie])

    @get(
        "/{provider:str}/callback",
        opt=public | limited(Rate.LOGIN),
        summary="End a sign-in with a provider; the provider redirects the browser here",
        operation_id="end_provider_sign_in",
        operation_class=CallbackOperation,
        responses={
            200: ResponseSpec(TokenPair, description="Tokens, when the start named no redirect_uri"),
            **problems(400, 401, 403, 404, 409),
        },
    )
    async def callback(
        self,
        request: Request[Any, Any, Any],
        provider: FromPath[str],
        service: Injected[AuthService],
        browser_cookie: Injected[BrowserCookie],
    ) -> Response[Any]:
        result = parameters(request, CALLBACK_QUERY)
        result["browser"] = browser_cookie.read(request.cookies) or ""
        end = await service.end_provider_sign_in(provider_name(provider), result)
        if isinstance(end, str):
            return redirected(end, HTTP_303_SEE_OTHER)
        return Response(end, headers=NO_REFERRER)

    token = forward(
        "POST",
        "/token",
        body=SignInCode,
        answer=TokenPair,
        status_code=200,
        opt=public | limited(Rate.LOGIN),
        summary="Exchange the code of a sign-in with a provider for tokens",
        operation_id="redeem_provider_sign_in",
        problems=(400, 401, 403, 408, 413, 415),
    )


def provider_name(provider: str) -> str:
    """`provider`, as a segment of a path at auth_service. Raises NotFound."""
    if PROVIDER.fullmatch(provider) is None:
        raise NotFound
    return provider


def parameters(request: Request[Any, Any, Any], known: dict[str, int]) -> dict[str, str]:
    """The query parameters in `known`, which maps names to maximal lengths. Raises InvalidRequest."""
    given = dict(pick(request.scope, tuple(known)))
    errors = [FieldError(name, "is too long") for name, value in given.items() if len(value) > known[name]]
    if errors:
        raise InvalidRequest("The query is not valid.", errors=errors)
    return given


def redirected(location: str, status: int, **more: Any) -> Response[None]:
    """A redirect. Raises BadAnswer for a Location that a browser must not be redirected to."""
    if len(location) > MAX_LOCATION_LENGTH or LOCATION.fullmatch(location) is None:
        raise BadAnswer("The service's response cannot be read.")
    return Response(None, status_code=status, headers={**NO_REFERRER, "Location": location}, **more)

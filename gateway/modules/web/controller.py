"""`GET /`, the page for people, and `GET /assets/{name}`."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from gateway.identity.auth_guard import public
from gateway.middleware.conditional_requests import shareable
from gateway.modules.web.files import IDENTITY, WebFile, WebFiles
from shared.errors import NotFound, Unavailable
from shared.http import Injected

# CSP 3: files of this server only, nothing inline, no eval, no frames, no forms that a browser sends itself.
# Trusted Types refuse text that would become markup or script (ASVS 5.0, 3.2.2); their one policy gives out
# the URL of the service worker.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types tonegate-worker",
    )
)
PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# The service worker shows notifications and keeps what is shared, and loads nothing.
WORKER_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
# RFC 8246: the names of the assets change with their content.
ASSET_HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "public, max-age=31536000, immutable"}


class WebController(Controller):
    path = "/"
    opt = public
    include_in_schema = False

    @get("/", opt=shareable(max_age_s=0))
    async def page(self, request: Request[Any, Any, Any], web_files: Injected[WebFiles]) -> Response[bytes]:
        """Asked for anew at each visit, and 304 while it is the same."""
        if web_files.index is None:
            raise Unavailable("The page has not been built on this server. The API works without it.")
        return file_response(request, web_files.index, PAGE_HEADERS)

    @get("/service-worker.js")
    async def worker(self, request: Request[Any, Any, Any], web_files: Injected[WebFiles]) -> Response[bytes]:
        if web_files.worker is None:
            raise NotFound
        return file_response(request, web_files.worker, WORKER_HEADERS)

    @get("/assets/{name:str}")
    async def asset(
        self, request: Request[Any, Any, Any], name: FromPath[str], web_files: Injected[WebFiles]
    ) -> Response[bytes]:
        found = web_files.assets.get(name)
        if found is None:
            raise NotFound
        return file_response(request, found, ASSET_HEADERS)


def file_response(
    request: Request[Any, Any, Any], file: WebFile, headers: Mapping[str, str]
) -> Response[bytes]:
    coding = file.best(request.headers.get("accept-encoding"))
    encoded = {} if coding == IDENTITY else {"Content-Encoding": coding}
    return Response(
        file.variants[coding],
        media_type=file.media_type,
        headers={**headers, **encoded, "Vary": "Accept-Encoding"},
    )

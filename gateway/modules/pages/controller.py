"""The HTML pages that links in account mails open."""

from litestar import Controller, MediaType, Response, get

from gateway.identity.auth_guard import public
from gateway.modules.pages.page import Page
from gateway.openapi.problem_responses import NO_STORE
from shared.http import Injected


class PagesController(Controller):
    opt = public
    include_in_schema = False
    cache_control = NO_STORE

    @get("/verify-email")
    async def verify_email(self, verify_page: Injected[Page]) -> Response[str]:
        return html_response(verify_page)

    @get("/reset-password")
    async def reset_password(self, reset_page: Injected[Page]) -> Response[str]:
        return html_response(reset_page)


def html_response(page: Page) -> Response[str]:
    return Response(page.html, media_type=MediaType.HTML, headers=dict(page.headers))

"""The pages of the link "this was not me" in result mails. They work without scripts."""

from string import Template
from typing import Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.status_codes import HTTP_200_OK

from gateway.clients.json_service import JsonService
from gateway.identity.auth_guard import limited, public
from gateway.limits.rate_limit import Rate
from gateway.modules.pages.page import HERE, page_headers
from gateway.openapi.problem_responses import NO_STORE
from gateway.query import pick
from shared.contracts.mails import DeclineToken
from shared.errors import InvalidRequest
from shared.http import Injected

# Posts to the page's own URL, which holds the token.
FORM = '<form method="post"><button>Stop these emails and close the account</button></form>\n'


class DeclineController(Controller):
    path = "/not-me"
    opt = public
    include_in_schema = False
    cache_control = NO_STORE

    @get("/")
    async def ask(self) -> Response[str]:
        """Changes nothing, because mail scanners open links."""
        return html(
            "This was not me",
            "Someone used your address for a Tonegate account, and nobody has confirmed it. You can stop the "
            "emails of this account; it is then closed, and nobody can use it any more.",
            FORM,
        )

    @post("/", status_code=HTTP_200_OK, opt=limited(Rate.LOGIN))
    async def decline(
        self, request: Request[Any, Any, Any], notification: Injected[JsonService]
    ) -> Response[str]:
        """Answers a problem for a link that is not valid. Safe to repeat."""
        token = dict(pick(request.scope, ("token",))).get("token", "")
        if not token:
            raise InvalidRequest("This link is not valid. Open the link in the mail as it is.")
        await notification.send("POST", "/internal/declines", DeclineToken(token[:512]))
        return html(
            "Thank you",
            "You will get no more of these emails, and the account is closed. You may close this page.",
        )


def html(title: str, text: str, form: str = "") -> Response[str]:
    style = (HERE / "frame.css").read_text()
    page = Template((HERE / "decline.html").read_text()).substitute(
        title=title, text=text, form=form, style=style
    )
    headers = dict(page_headers(style, form_action="'self'"))
    return Response(page, media_type=MediaType.HTML, headers=headers)

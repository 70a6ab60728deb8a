"""Mailed links: asking for one, and following it. Nobody is signed in by any of this."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT

from auth_service.accounts.schemas import ForgotPassword, ResendVerification, ResetPassword, VerifyEmail
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import origin, signed_in
from auth_service.introspection.service import Callers
from auth_service.mailer.mail_token import Purpose
from auth_service.recovery.service import Recovery
from auth_service.throttle.client import Client
from shared.http import Injected


class RecoveryController(Controller):
    path = "/v1/auth"
    cache_control = NO_STORE
    dependencies = {"client": Provide(origin, sync_to_thread=False)}  # noqa: RUF012 - Litestar's own form

    @post("/email/verify", status_code=HTTP_204_NO_CONTENT)
    async def verify_email(self, data: JSONBody[VerifyEmail], recovery: Injected[Recovery]) -> None:
        await recovery.verify(data.token)

    @post("/email/resend", status_code=HTTP_202_ACCEPTED)
    async def resend_verification(
        self,
        request: Request[Any, Any, Any],
        callers: Injected[Callers],
        recovery: Injected[Recovery],
        data: JSONBody[ResendVerification | None] = None,
    ) -> Response[bytes]:
        """For the address in the body, or else for the caller's own."""
        email = data.email if data else None
        if email is None:
            email = (await signed_in(request, callers)).claims.email
        await recovery.ask(Purpose.VERIFY_EMAIL, email)
        return _accepted()

    @post("/password/forgot", status_code=HTTP_202_ACCEPTED)
    async def forgot_password(
        self, data: JSONBody[ForgotPassword], recovery: Injected[Recovery]
    ) -> Response[bytes]:
        await recovery.ask(Purpose.RESET_PASSWORD, data.email)
        return _accepted()

    @post("/password/reset", status_code=HTTP_204_NO_CONTENT)
    async def reset_password(
        self, data: JSONBody[ResetPassword], recovery: Injected[Recovery], client: Injected[Client]
    ) -> None:
        await recovery.reset(data.token, data.password, client)


def _accepted() -> Response[bytes]:
    """Without a body: there is nothing to tell."""
    return Response(b"")

"""Email verification and password reset endpoints. None of them signs the user in."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT

from auth_service.introspection.authentication import CallerLookup, authenticate
from auth_service.mailer.mail_token import Purpose
from auth_service.recovery.email_verification import EmailVerification
from auth_service.recovery.password_reset import PasswordReset
from auth_service.recovery.schemas import ResendVerification
from auth_service.recovery.service import MailedLinks
from auth_service.throttle.client import Client
from shared.contracts.accounts import ForgotPassword, ResetPassword, VerifyEmail
from shared.http import Injected


class RecoveryController(Controller):
    path = "/v1/auth"

    @post("/email/verify", status_code=HTTP_204_NO_CONTENT)
    async def verify_email(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[VerifyEmail],
        caller_lookup: Injected[CallerLookup],
        email_verification: Injected[EmailVerification],
        client: Injected[Client],
    ) -> None:
        """By the account's password, or else by a bearer token of the account."""
        if data.password is not None:
            await email_verification.verify_by_password(data.token, data.password, client)
        elif "authorization" in request.headers:
            signed_in = await authenticate(request, caller_lookup)
            await email_verification.verify_as(data.token, signed_in.claims.sub, client)
        else:
            await email_verification.verify_as(data.token, None, client)

    @post("/email/resend", status_code=HTTP_202_ACCEPTED)
    async def resend_verification(
        self,
        request: Request[Any, Any, Any],
        caller_lookup: Injected[CallerLookup],
        mailed_links: Injected[MailedLinks],
        data: JSONBody[ResendVerification | None] = None,
    ) -> Response[bytes]:
        """Mails to the address in the body, or else to the pending or the present one of the bearer token."""
        if data is not None and data.email is not None:
            await mailed_links.request(Purpose.VERIFY_EMAIL, data.email)
            return Response(b"")
        principal = await authenticate(request, caller_lookup)
        if principal.pending_email is not None:
            await mailed_links.request_change(principal.claims.sub)
        else:
            await mailed_links.request(Purpose.VERIFY_EMAIL, principal.claims.email)
        return Response(b"")

    @post("/password/forgot", status_code=HTTP_202_ACCEPTED)
    async def forgot_password(
        self, data: JSONBody[ForgotPassword], mailed_links: Injected[MailedLinks]
    ) -> Response[bytes]:
        await mailed_links.request(Purpose.RESET_PASSWORD, data.email)
        return Response(b"")

    @post("/password/reset", status_code=HTTP_204_NO_CONTENT)
    async def reset_password(
        self,
        data: JSONBody[ResetPassword],
        password_reset: Injected[PasswordReset],
        client: Injected[Client],
    ) -> None:
        await password_reset.reset(data, client)

"""The user's sessions."""

from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.sessions import CurrentPassword, SessionList


class SessionsController(Controller):
    path = "/v1/auth/sessions"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_own = forward(
        "GET",
        answer=SessionList,
        summary="List your sessions",
        operation_id="list_sessions",
        problems=(401, 403),
    )

    end = forward(
        "DELETE",
        "/{session_id:str}",
        body=CurrentPassword,
        body_default=None,
        changes_account=True,
        summary="End a session; one other than the caller's own needs a fresh proof",
        operation_id="end_session",
        problems=(400, 401, 403, 404, 408, 413, 415),
    )

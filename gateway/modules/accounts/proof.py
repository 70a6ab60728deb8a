"""Fresh proofs of a session."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.sessions import GiveProof


class ProofController(Controller):
    """Checks a password, and so has the rate limit of logins."""

    path = "/v1/auth/proof"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    prove = forward(
        "POST",
        body=GiveProof,
        status_code=204,
        summary="Prove the session again, for sensitive calls within five minutes",
        operation_id="prove_session",
        problems=(400, 401, 403, 408, 413, 415),
    )

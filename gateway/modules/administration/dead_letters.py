"""Dead letters, for administrators."""

from litestar import Controller

from gateway.modules.administration.schemas import DeadLetterQuery
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import Audit, forward, relay
from shared.contracts.dead_letters import DeadLetterPage, WholeDeadLetter

LETTER_ID = {"dead_letter": "letter_id"}


class DeadLettersController(Controller):
    path = "/v1/admin/dead-letters"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_all = relay(
        "GET",
        query=DeadLetterQuery,
        answer=DeadLetterPage,
        audit=Audit("dead_letters_listed"),
        success="A page",
        summary="List dead letters, latest first",
        operation_id="list_dead_letters",
        problems=(400, 401, 403),
    )

    one = relay(
        "GET",
        "/{letter_id:str}",
        answer=WholeDeadLetter,
        audit=Audit("dead_letter_read", LETTER_ID),
        success="The dead letter",
        summary="Get a dead letter with its message and history",
        operation_id="get_dead_letter",
        problems=(400, 401, 403, 404),
    )

    replay = relay(
        "POST",
        "/{letter_id:str}/replay",
        answer=WholeDeadLetter,
        audit=Audit("dead_letter_replayed", LETTER_ID),
        status_code=200,
        success="Replayed",
        summary="Return a dead letter to its queue; repeating this has no effect",
        operation_id="replay_dead_letter",
        problems=(400, 401, 403, 404, 409),
    )

    discard = forward(
        "DELETE",
        "/{letter_id:str}",
        to="converter",
        audit=Audit("dead_letter_discarded", LETTER_ID),
        summary="Discard a dead letter; its record is kept for a while",
        operation_id="discard_dead_letter",
        problems=(400, 401, 403, 404, 409),
    )

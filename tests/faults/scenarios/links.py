"""Faults of the network between two processes."""

import asyncio

from tests.faults.proxy import LinkState
from tests.faults.scenarios.scenario import Break, ScenarioContext
from tests.support.wait import until

MAIL = "notification>mail"
MAILED_WITHIN_S = 20.0


def state(state: LinkState) -> Break:
    """On any of the links, those of the clients too."""

    async def inject(context: ScenarioContext) -> bool:
        link = context.rng.choice(sorted(context.system.proxies.links))
        context.touched.append(link)
        context.system.turn(link, state)
        await context.pause_sometimes_long()
        return True

    return inject


async def mail_taken_without_an_answer(context: ScenarioContext) -> bool:
    """The mail server accepts the mail, its reply is lost (RFC 1047)."""
    link = context.system.proxies.links[MAIL]
    before = link.unanswered
    await asyncio.to_thread(context.system.turn, MAIL, LinkState.UNANSWERED)
    try:
        await until(lambda: link.unanswered > before, timeout_s=MAILED_WITHIN_S, what="a mail")
    except AssertionError:
        return False
    await context.pause()
    return True

"""Faults of the network between two processes."""

import asyncio
import contextlib

from tests.faults.proxy import LinkState
from tests.faults.scenarios.scenario import Break, ScenarioContext
from tests.support.wait import until

MAIL = "notification>mail"
MAILED_WITHIN_S = 20.0
# Accounts act without a pause until something crosses the link.
CROSSED_WITHIN_S = 8.0


def state(state: LinkState) -> Break:
    """On any of the links, those of the clients too; False if nothing met the fault."""

    async def inject(context: ScenarioContext) -> bool:
        name = context.rng.choice(sorted(context.system.proxies.links))
        context.touched.append(name)
        link = context.system.proxies.links[name]
        before = link.hits
        await asyncio.to_thread(link.turn, state)
        with context.traffic.hurried(), contextlib.suppress(AssertionError):
            await until(lambda: link.hits > before, timeout_s=CROSSED_WITHIN_S, what=f"traffic on {name}")
        await context.pause_sometimes_long()
        return link.hits > before

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

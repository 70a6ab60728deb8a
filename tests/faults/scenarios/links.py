"""Faults of the network between two processes."""

import asyncio
import contextlib

from tests.faults.proxy import LinkState
from tests.faults.scenarios.scenario import Break, ScenarioContext
from tests.support.wait import until

MAIL = "notification>mail"
MAILED_WITHIN_S = 20.0
# Accounts act without a pause until something crosses the link; another link is chosen if nothing does.
CHOICES = 3
CROSSED_WITHIN_S = 5.0


def state(state: LinkState) -> Break:
    """On any of the links, those of the clients too; False if nothing met the fault."""

    async def inject(context: ScenarioContext) -> bool:
        names = context.rng.sample(sorted(context.system.proxies.links), CHOICES)
        for name in names:
            if await _is_met(context, name, state):
                context.touched.append(name)
                await context.pause_sometimes_long()
                return True
            await asyncio.to_thread(context.system.turn, name, LinkState.FAIR)
            if name != names[-1]:
                context.missed.append(f"{name} {state.value}")
        return False

    return inject


async def _is_met(context: ScenarioContext, name: str, state: LinkState) -> bool:
    """Breaks a link; returns False if nothing crosses it in time, however much the accounts do."""
    link = context.system.proxies.links[name]
    before = link.hits
    await asyncio.to_thread(link.turn, state)
    with context.traffic.hurried(), contextlib.suppress(AssertionError):
        await until(lambda: link.hits > before, timeout_s=CROSSED_WITHIN_S, what=f"traffic on {name}")
    return link.hits > before


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

"""What is between two processes."""

import asyncio

from tests.faults.proxy import Weather
from tests.faults.scenarios.scenario import Break, Stage
from tests.support.wait import until

MAIL = "notification>mail"
MAILED_WITHIN_S = 20.0


def weather(weather: Weather) -> Break:
    """On any of the links, those of the clients too."""

    async def break_it(stage: Stage) -> bool:
        link = stage.dice.choice(sorted(stage.world.proxies.links))
        stage.touched.append(link)
        stage.world.turn(link, weather)
        await stage.short_or_long()
        return True

    return break_it


async def mail_taken_without_an_answer(stage: Stage) -> bool:
    """The mail server files the mail; its answer never comes, and nobody can ask (RFC 1047)."""
    link = stage.world.proxies.links[MAIL]
    before = link.unanswered
    await asyncio.to_thread(stage.world.turn, MAIL, Weather.UNANSWERED)
    try:
        await until(lambda: link.unanswered > before, timeout_s=MAILED_WITHIN_S, what="a mail")
    except AssertionError:
        return False
    await stage.some_time()
    return True

"""`tonegate waveform` and `tonegate chapters`: what players show of a result."""

import click

from tonegate_client.command.output import to_json
from tonegate_client.command.session import Session, with_session


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def waveform(session: Session, conversion_id: str) -> None:
    """Print the waveform of the audio as JSON (audiowaveform, data format 2)."""
    async with session.open_client() as client:
        found = await client.conversions.waveform(conversion_id)
    session.output.result(found, to_json(found))


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def chapters(session: Session, conversion_id: str) -> None:
    """List the chapters of the audio."""
    async with session.open_client() as client:
        found = await client.conversions.chapters(conversion_id)
    rows = [(clock(each.start), clock(each.end), each.title) for each in found]
    session.output.table(found, ("START", "END", "TITLE"), rows)


def clock(seconds: float) -> str:
    """Such as 1:02:03.400."""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:06.3f}"

"""`tonegate admin overview`, `audit`."""

import click

from tonegate_client.admin_models import Overview
from tonegate_client.command.common_options import limit_option
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import columns, time_text


@click.command()
@with_session
async def overview(session: Session) -> None:
    """Show the queue, and the videos of the last 24 hours."""
    async with session.open_client() as client:
        found = await client.admin.overview()
    session.output.result(found, *lines_of(found))


@click.command()
@limit_option
@with_session
async def audit(session: Session, limit: int) -> None:
    """List what administrators did, latest first."""
    async with session.open_client() as client:
        found = [each async for each in client.admin.audit(most=limit)]
    rows = [
        (time_text(each.at), each.action, each.actor_id or "-", each.subject_id or "-", each.address or "-")
        for each in found
    ]
    session.output.table(found, ("AT", "ACTION", "BY", "ABOUT", "FROM"), rows)


def lines_of(overview: Overview) -> list[str]:
    """The queue, and a table of the hours in which there was something."""
    lines = [
        f"queued        {overview.queued}",
        f"converting    {overview.converting}",
        f"oldest        {time_text(overview.oldest_queued_at)}",
        f"dead letters  {overview.dead_letters}",
    ]
    busy = [each for each in overview.hours if each.accepted]
    if not busy:
        return [*lines, "No videos in the last 24 hours."]
    rows = [(time_text(each.at), str(each.accepted), str(each.completed), str(each.failed)) for each in busy]
    return [*lines, "", *columns([("HOUR FROM", "ACCEPTED", "COMPLETED", "FAILED"), *rows])]

"""`tonegate admin dead-letters`: messages that no consumer could handle."""

import json

import click

from tonegate_client.admin_models import WholeDeadLetter
from tonegate_client.command.common_options import confirm, limit_option, yes_option
from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import plain, size_text, time_text

STATUSES = ("waiting", "replayed", "discarded")


@click.group("dead-letters", cls=ListingGroup)
def dead_letters() -> None:
    """Messages that no service could handle; lists them without a subcommand."""


@dead_letters.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only dead letters in this state.")
@limit_option
@with_session
async def list_dead_letters(session: Session, status: str | None, limit: int) -> None:
    """List dead letters, latest first."""
    async with session.open_client() as client:
        found = [each async for each in client.admin.dead_letters(status=status, most=limit)]
    rows = [
        (each.id, each.status, time_text(each.died_at), each.queue, each.type or "-", each.reason)
        for each in found
    ]
    session.output.table(found, ("ID", "STATUS", "DIED", "QUEUE", "TYPE", "REASON"), rows)


@dead_letters.command("show")
@click.argument("letter_id", metavar="ID")
@with_session
async def show_dead_letter(session: Session, letter_id: str) -> None:
    """Show a dead letter with its history and message."""
    async with session.open_client() as client:
        found = await client.admin.dead_letter(letter_id)
    session.output.result(found, *lines_of(found))


@dead_letters.command("replay")
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@with_session
async def replay_dead_letters(session: Session, letter_ids: tuple[str, ...]) -> None:
    """Send dead letters to their queues again, each once."""
    async with session.open_client() as client:
        for letter_id in letter_ids:
            found = await client.admin.replay_dead_letter(letter_id)
            session.output.result(found, f"{found.id}  {found.status}")


@dead_letters.command("discard")
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@yes_option
@with_session
async def discard_dead_letters(session: Session, letter_ids: tuple[str, ...], yes: bool) -> None:
    """Settle dead letters without a replay."""
    confirm(f"Discard {len(letter_ids)} for good?", yes=yes)
    async with session.open_client() as client:
        for letter_id in letter_ids:
            await client.admin.discard_dead_letter(letter_id)
            session.output.result({"id": letter_id, "status": "discarded"}, f"{plain(letter_id)}  discarded")


def lines_of(letter: WholeDeadLetter) -> list[str]:
    lines = [
        f"id       {letter.id}",
        f"status   {letter.status}",
        f"queue    {letter.queue}",
        f"type     {letter.type or '-'}",
        f"reason   {letter.reason}",
        f"event    {letter.event_id or '-'}",
        f"request  {letter.request_id or '-'}",
        f"size     {size_text(letter.size)}",
    ]
    if letter.settled_at is not None:
        lines.append(f"settled  {time_text(letter.settled_at)} by {letter.settled_by or '-'}")
    lines += [f"history  {time_text(each.at)}  {each.what}" for each in letter.history]
    if letter.message is not None:
        lines += json.dumps(letter.message, indent=2, ensure_ascii=False).split("\n")
    return [*lines, *(each for each in (letter.text, letter.base64) if each)]

"""`tonegate webhooks`."""

import click

from tonegate_client.command.keys import with_proof
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import plain, time_text

EVENTS = ("conversion.completed", "conversion.failed", "conversion.cancelled")


@click.group()
def webhooks() -> None:
    """Webhooks: messages about your conversions to another server."""


@webhooks.command("list")
@with_session
async def list_webhooks(session: Session) -> None:
    """List the account's webhooks."""
    async with session.open_client() as client:
        found = await client.webhooks.list()
    rows = [(each.id, each.status, time_text(each.created_at), each.url) for each in found]
    session.output.table(found, ("ID", "STATUS", "CREATED", "URL"), rows)


@webhooks.command("create")
@click.argument("url")
@click.option(
    "--event",
    "events",
    type=click.Choice(EVENTS),
    multiple=True,
    help="May be repeated; default: all events.",
)
@with_session
async def create_webhook(session: Session, url: str, events: tuple[str, ...]) -> None:
    """Create a webhook and show its signing secret, once."""
    async with session.open_client() as client:
        made = await with_proof(client, lambda: client.webhooks.create(url, events=events))
    session.output.note("Keep this secret; it is shown only now:")
    session.output.result(made, f"{made.id}  {made.secret}")


@webhooks.command("delete")
@click.argument("webhook_id", metavar="ID")
@with_session
async def delete_webhook(session: Session, webhook_id: str) -> None:
    """Delete a webhook."""
    async with session.open_client() as client:
        await client.webhooks.delete(webhook_id)
    session.output.result({"id": webhook_id, "deleted": True}, f"{plain(webhook_id)}  deleted")


@webhooks.command("test")
@click.argument("webhook_id", metavar="ID")
@with_session
async def test_webhook(session: Session, webhook_id: str) -> None:
    """Send a test message to a webhook."""
    async with session.open_client() as client:
        delivery = await client.webhooks.test(webhook_id)
    session.output.result(delivery, f"{delivery.id}  {delivery.status}")

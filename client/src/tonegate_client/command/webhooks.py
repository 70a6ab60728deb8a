"""`tonegate webhooks`."""

import click

from tonegate_client.command.common_options import limit_option
from tonegate_client.command.keys import with_proof
from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import time_text
from tonegate_client.models import Delivery

EVENTS = ("conversion.completed", "conversion.failed", "conversion.cancelled")
KEEP = "Keep this secret; it is shown only now:"
DELIVERY_STATUSES = ("pending", "delivered", "failed")


@click.group(cls=ListingGroup)
def webhooks() -> None:
    """Manage webhooks, messages about your conversions to another server; lists them without a subcommand."""


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
    session.output.note(KEEP)
    session.output.result(made, f"{made.id}  {made.secret}")


@webhooks.command("change")
@click.argument("webhook_id", metavar="ID")
@click.option("--url", help="Send messages to this URL.")
@click.option(
    "--event",
    "events",
    type=click.Choice(EVENTS),
    multiple=True,
    help="May be repeated; replaces all events.",
)
@click.option(
    "--enable/--disable", "is_enabled", default=None, help="Send messages again, or stop sending them."
)
@with_session
async def change_webhook(
    session: Session, webhook_id: str, url: str | None, events: tuple[str, ...], is_enabled: bool | None
) -> None:
    """Change the URL or the events of a webhook, or enable or disable it."""
    if url is None and not events and is_enabled is None:
        raise click.UsageError("Nothing to change: use --url, --event, --enable or --disable.")
    status = None if is_enabled is None else "enabled" if is_enabled else "disabled"
    async with session.open_client() as client:
        calls = client.webhooks
        found = await with_proof(
            client, lambda: calls.change(webhook_id, url=url, events=events, status=status)
        )
    session.output.result(found, f"{found.id}  {found.status}  {found.url}  {' '.join(found.events)}")


@webhooks.command("rotate-secret")
@click.argument("webhook_id", metavar="ID")
@with_session
async def rotate_secret(session: Session, webhook_id: str) -> None:
    """Create another signing secret for a webhook and show it, once.

    For one day messages are signed with the earlier secret too.
    """
    async with session.open_client() as client:
        made = await with_proof(client, lambda: client.webhooks.rotate_secret(webhook_id))
    session.output.note(KEEP)
    session.output.result(made, f"{made.id}  {made.secret}")


@webhooks.command("delete")
@click.argument("webhook_id", metavar="ID")
@with_session
async def delete_webhook(session: Session, webhook_id: str) -> None:
    """Delete a webhook."""
    async with session.open_client() as client:
        await client.webhooks.delete(webhook_id)
    session.output.deleted(webhook_id)


@webhooks.command("test")
@click.argument("webhook_id", metavar="ID")
@with_session
async def test_webhook(session: Session, webhook_id: str) -> None:
    """Send a test message to a webhook."""
    async with session.open_client() as client:
        delivery = await client.webhooks.test(webhook_id)
    session.output.result(delivery, f"{delivery.id}  {delivery.status}")


@webhooks.command("deliveries")
@click.argument("webhook_id", metavar="ID")
@click.option("--status", type=click.Choice(DELIVERY_STATUSES), help="Only deliveries in this state.")
@limit_option
@with_session
async def list_deliveries(session: Session, webhook_id: str, status: str | None, limit: int) -> None:
    """List the messages to a webhook, newest first, with the last response or error."""
    async with session.open_client() as client:
        calls = client.webhooks.deliveries(webhook_id, status=status, most=limit)
        found = [each async for each in calls]
    rows = [
        (each.id, each.status, time_text(each.created_at), str(len(each.attempts)), last_of(each), each.type)
        for each in found
    ]
    session.output.table(found, ("ID", "STATUS", "CREATED", "ATTEMPTS", "LAST", "TYPE"), rows)


@webhooks.command("replay")
@click.argument("webhook_id", metavar="ID")
@click.argument("delivery_id", metavar="DELIVERY")
@with_session
async def replay_delivery(session: Session, webhook_id: str, delivery_id: str) -> None:
    """Send a message of the list of deliveries again."""
    async with session.open_client() as client:
        delivery = await client.webhooks.replay(webhook_id, delivery_id)
    session.output.result(delivery, f"{delivery.id}  {delivery.status}")


def last_of(delivery: Delivery) -> str:
    """The status of the receiver's last response, or the error in its place; a dash without an attempt."""
    if not delivery.attempts:
        return "-"
    last = delivery.attempts[-1]
    return last.error or str(last.status or "-")

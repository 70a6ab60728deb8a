"""`tonegate admin conversions`."""

import click

from tonegate_client.command.common_options import limit_option
from tonegate_client.command.conversions import STATUSES, row_of
from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.session import Session, with_session


@click.group(cls=ListingGroup)
def conversions() -> None:
    """Conversions of all accounts; lists them without a subcommand."""


@conversions.command("list")
@click.option("--owner", metavar="ID", help="Only conversions of this account.")
@click.option("--status", type=click.Choice(STATUSES), help="Only conversions in this state.")
@limit_option
@with_session
async def list_conversions(session: Session, owner: str | None, status: str | None, limit: int) -> None:
    """List conversions of all accounts, newest first."""
    async with session.open_client() as client:
        calls = client.admin.conversions(owner_id=owner, status=status, most=limit)
        found = [each async for each in calls]
    rows = [(each.owner_id, *row_of(each)) for each in found]
    session.output.table(found, ("OWNER", "ID", "STATUS", "CREATED", "SIZE", "FILE"), rows)

"""`tonegate admin users`."""

import click

from tonegate_client.admin_models import ManagedUser
from tonegate_client.command.common_options import limit_option
from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import time_text

ROLES = ("user", "admin")


@click.group(cls=ListingGroup)
def users() -> None:
    """Accounts; lists them without a subcommand."""


@users.command("list")
@click.option("--email", metavar="TEXT", help="Only addresses that contain this text.")
@limit_option
@with_session
async def list_users(session: Session, email: str | None, limit: int) -> None:
    """List accounts, newest first."""
    async with session.open_client() as client:
        found = [each async for each in client.admin.users(email=email, most=limit)]
    rows = [
        (each.id, state_of(each), ",".join(each.roles), time_text(each.created_at), each.email)
        for each in found
    ]
    session.output.table(found, ("ID", "STATE", "ROLES", "CREATED", "EMAIL"), rows)


@users.command("disable")
@click.argument("user_id", metavar="ID")
@with_session
async def disable_user(session: Session, user_id: str) -> None:
    """Disable an account: its sessions end, and its API keys are refused."""
    await _change(session, user_id, disabled=True)


@users.command("enable")
@click.argument("user_id", metavar="ID")
@with_session
async def enable_user(session: Session, user_id: str) -> None:
    """Let a disabled account sign in again."""
    await _change(session, user_id, disabled=False)


@users.command("roles")
@click.argument("user_id", metavar="ID")
@click.argument("roles", metavar="ROLE...", nargs=-1, required=True, type=click.Choice(ROLES))
@with_session
async def set_roles(session: Session, user_id: str, roles: tuple[str, ...]) -> None:
    """Set the roles of an account: user, admin or both.

    Earlier roles that are not named are removed, which ends the account's sessions.
    """
    await _change(session, user_id, roles=roles)


async def _change(
    session: Session, user_id: str, *, roles: tuple[str, ...] | None = None, disabled: bool | None = None
) -> None:
    async with session.open_client() as client:
        found = await client.admin.change_user(user_id, roles=roles, disabled=disabled)
    session.output.result(found, f"{found.email}  {state_of(found)}  {','.join(found.roles)}")


def state_of(user: ManagedUser) -> str:
    if user.disabled:
        return "disabled"
    return "enabled" if user.email_verified else "not verified"

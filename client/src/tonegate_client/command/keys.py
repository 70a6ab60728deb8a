"""`tonegate keys`: API keys."""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import TypeVar

import click

from tonegate_client.client import Client
from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.login import read_secret
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import time_text
from tonegate_client.problems import Problem

T = TypeVar("T")

SCOPES = ("conversions:read", "conversions:write", "webhooks:read", "webhooks:write")


@click.group(cls=ListingGroup)
def keys() -> None:
    """Manage API keys, which programs sign in with; lists them without a subcommand."""


@keys.command("list")
@with_session
async def list_keys(session: Session) -> None:
    """List the account's API keys."""
    async with session.open_client() as client:
        found = await client.api_keys.list()
    rows = [
        (
            each.id,
            f"{each.hint}…",
            time_text(each.expires_at),
            time_text(each.last_used_at),
            " ".join(each.scopes),
            each.name,
        )
        for each in found
    ]
    session.output.table(found, ("ID", "KEY", "EXPIRES", "LAST USED", "SCOPES", "NAME"), rows)


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    help="May be repeated; default: both of conversions.",
)
@click.option("--days", type=click.IntRange(min=1), help="Expire after so many days; by default never.")
@with_session
async def create_key(session: Session, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Create an API key and show it, once."""
    expires_at = datetime.now(timezone.utc) + timedelta(days=days) if days else None
    async with session.open_client() as client:
        made = await with_proof(
            client, lambda: client.api_keys.create(name, scopes=scopes, expires_at=expires_at)
        )
    session.output.note("Keep this key; it is shown only now:")
    session.output.result(made, made.key)


@keys.command("delete")
@click.argument("key_id", metavar="ID")
@with_session
async def delete_key(session: Session, key_id: str) -> None:
    """Delete an API key, which ends its access and its webhooks at once."""
    async with session.open_client() as client:
        await client.api_keys.delete(key_id)
    session.output.deleted(key_id)


async def with_proof(client: Client, call: Callable[[], Awaitable[T]]) -> T:
    """Repeats a call that needs a fresh proof, after asking for the password at the terminal; of an account
    with a second factor, for a code as well.
    """
    try:
        return await call()
    except Problem as problem:
        _require_terminal(problem)
    await client.accounts.prove(password=read_secret("Password, because this is a sensitive change"))
    try:
        return await call()
    except Problem as problem:
        _require_terminal(problem)
    await client.accounts.prove(
        code=read_secret("Code of your authenticator app, or a recovery code").strip()
    )
    return await call()


def _require_terminal(problem: Problem) -> None:
    """Raises the problem, unless it is one that a person at the terminal can solve by a proof."""
    if problem.code != "proof_required" or not sys.stdin.isatty():
        raise problem

"""`tonegate login`, `logout`, `whoami`."""

import os
import sys

import click

from tonegate_client.client import Client
from tonegate_client.command.session import Session, with_session
from tonegate_client.credentials import KeyCredentials
from tonegate_client.models import OwnAccount
from tonegate_client.problems import NotSignedIn, SecondFactorRequired


@click.command()
@click.option("--email", help="Address of the account; asked for without it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--api-key", "with_key", is_flag=True, help="Sign in with an API key instead of a password.")
@click.option(
    "--keyring/--no-keyring",
    "in_keyring",
    default=None,
    help="Keep the secret in the system's keyring, or in a file; by default where it was before.",
)
@click.option("--code", help="Code of the second factor; asked for if the account has one.")
@with_session
async def login(
    session: Session,
    *,
    email: str | None,
    password_stdin: bool,
    with_key: bool,
    code: str | None,
    in_keyring: bool | None,
) -> None:
    """Sign in to a server; later commands use it.

    The tokens are kept in a file that only you can read. With --keyring the system's keyring keeps the secret
    that is good for long, the refresh token or the API key; the package keyring has to be installed for that.
    With --api-key the key is read from the terminal, or from standard input.
    """
    session.require_encryption()
    if in_keyring:
        session.credentials.vault.read(session.server)  # says at once if there is no keyring
    async with session.open_client_without_key(in_keyring=in_keyring) as client:
        if with_key:
            await client.accounts.use_key(read_secret("API key"))
            who = {"server": session.server, "account": "API key"}
        else:
            email = email or click.prompt("Email", err=True)
            password = read_line() if password_stdin else read_secret("Password")
            account = await sign_in(client, email, password, code)
            who = {"server": session.server, "account": account.email}
    session.credentials.choose(session.server)
    session.output.result(who, f"Signed in to {who['server']} as {who['account']}.")


async def sign_in(client: Client, email: str, password: str, code: str | None) -> OwnAccount:
    """Asks for the code of a second factor when one is needed and none was given."""
    try:
        return await client.accounts.sign_in(email, password)
    except SecondFactorRequired as needed:
        code = code or click.prompt("Code of the authenticator app, or a recovery code", err=True)
        return await client.accounts.finish_sign_in(needed.factor_token, code.strip())


@click.command()
@with_session
async def logout(session: Session) -> None:
    """Sign out: end the session and remove its tokens.

    An API key is removed from this computer only; `tonegate keys delete` ends it.
    """
    store = session.credentials.of(session.server)
    if store.load() is None:
        raise NotSignedIn(f"You are not signed in to {session.server}.")
    async with session.open_client_without_key() as client:
        try:
            await client.accounts.sign_out()
        except NotSignedIn:
            store.clear()  # the session has ended already
    session.output.result({"server": session.server}, f"Signed out of {session.server}.")


@click.command()
@with_session
async def whoami(session: Session) -> None:
    """Show the server and the account."""
    async with session.open_client() as client:
        stored = client.store.load()
        if isinstance(stored, KeyCredentials):
            await client.conversions.page(limit=1)
            name = f"API key {stored.key[:8]}…"
            session.output.result({"server": session.server, "account": name}, f"{name} at {session.server}")
            return
        account = await client.accounts.me()
    note = "" if account.email_verified else ", address not verified"
    session.output.result(
        {"server": session.server, "account": account}, f"{account.email} at {session.server}{note}"
    )


def read_secret(name: str) -> str:
    """Asks without an echo at a terminal; reads one line otherwise."""
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True)).strip()
    return read_line().strip()


def read_line() -> str:
    """One line of standard input. Raises click.UsageError when there is none."""
    line = sys.stdin.readline().rstrip(os.linesep)
    if not line:
        raise click.UsageError("Standard input is empty: a line with the secret is expected.")
    return line

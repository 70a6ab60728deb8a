"""`tonegate cancel`, `retry`, `delete` and `archive`, which take several conversions at once."""

from collections.abc import Sequence
from pathlib import Path

import click

from tonegate_client.bulk_models import BulkResult
from tonegate_client.command.common_options import confirm, yes_option
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import plain
from tonegate_client.problems import TonegateError

IDS = click.argument("conversion_ids", metavar="ID...", nargs=-1, required=True)
# Of the ids in one archive.
MOST = 100


@click.command()
@IDS
@with_session
async def cancel(session: Session, conversion_ids: tuple[str, ...]) -> int:
    """Cancel conversions that have not ended."""
    if len(conversion_ids) > 1:
        return await act_on_several(session, conversion_ids, "cancel")
    async with session.open_client() as client:
        found = await client.conversions.cancel(conversion_ids[0])
    session.output.result(found, f"{found.id}  {found.status}")
    return ExitCode.DONE


@click.command()
@IDS
@with_session
async def retry(session: Session, conversion_ids: tuple[str, ...]) -> int:
    """Convert again what failed or was cancelled."""
    if len(conversion_ids) > 1:
        return await act_on_several(session, conversion_ids, "retry")
    async with session.open_client() as client:
        found = await client.conversions.retry(conversion_ids[0])
    session.output.result(found, f"{found.id}  {found.status}")
    return ExitCode.DONE


@click.command()
@IDS
@yes_option
@with_session
async def delete(session: Session, conversion_ids: tuple[str, ...], yes: bool) -> int:
    """Delete conversions with their video and audio from the server."""
    count = len(conversion_ids)
    what = "this conversion" if count == 1 else f"{count} conversions"
    confirm(f"Delete {what} with video and audio from the server?", yes=yes)
    if len(conversion_ids) > 1:
        return await act_on_several(session, conversion_ids, "delete")
    async with session.open_client() as client:
        await client.conversions.delete(conversion_ids[0])
    session.output.deleted(conversion_ids[0])
    return ExitCode.DONE


@click.command()
@IDS
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="tonegate.zip",
    show_default=True,
    help="The file to write.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@with_session
async def archive(session: Session, conversion_ids: tuple[str, ...], output: Path, overwrite: bool) -> None:
    """Download the audio of up to 100 conversions as a ZIP."""
    if len(conversion_ids) > MOST:
        raise click.UsageError(f"An archive has at most {MOST} conversions.")
    refuse_existing(output, overwrite=overwrite)
    async with session.open_client() as client:
        await client.downloads.save_archive(conversion_ids, output)
    session.output.result({"target": str(output), "ids": conversion_ids}, plain(str(output)))


def refuse_existing(output: Path, *, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise TonegateError(f"{output} exists already. Choose another place with -o, or use --overwrite.")


async def act_on_several(session: Session, conversion_ids: Sequence[str], action: str) -> int:
    """Writes the outcome of each; returns FAILED if any was left as it is."""
    async with session.open_client() as client:
        results = await client.conversions.bulk(conversion_ids, action)
    session.output.table(results, ("ID", "OUTCOME"), [(each.id, outcome_of(each)) for each in results])
    return ExitCode.FAILED if any(each.error for each in results) else ExitCode.DONE


def outcome_of(result: BulkResult) -> str:
    if result.error is not None:
        return f"{result.error.detail} ({result.error.code})"
    return result.conversion.status if result.conversion else "deleted"

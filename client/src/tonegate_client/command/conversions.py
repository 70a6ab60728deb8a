"""`tonegate list`, `show`, `get`, `link`, `unlink`, `rename`, `cancel`, `retry`, `delete`."""

import re
from pathlib import Path

import click

from tonegate_client.batch.targets import result_name
from tonegate_client.command.common_options import confirm, limit_option, yes_option
from tonegate_client.command.session import Session, with_session
from tonegate_client.command.text import plain, size_text, time_text
from tonegate_client.models import Conversion
from tonegate_client.problems import ConversionFailed, TonegateError

STATUSES = ("uploading", "queued", "converting", "completed", "failed", "cancelled", "expired")


@click.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only conversions in this state.")
@click.option("--search", metavar="TEXT", help="Only those with this text in the title or file name.")
@limit_option
@with_session
async def list_conversions(session: Session, status: str | None, search: str | None, limit: int) -> None:
    """List your conversions, newest first."""
    async with session.open_client() as client:
        found = [each async for each in client.conversions.list(status=status, query=search, most=limit)]
    session.output.table(found, ("ID", "STATUS", "CREATED", "SIZE", "FILE"), [row_of(each) for each in found])


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def show(session: Session, conversion_id: str) -> None:
    """Show one conversion."""
    async with session.open_client() as client:
        found = await client.conversions.get(conversion_id)
    session.output.result(found, *lines_of(found))


@click.command()
@click.argument("conversion_id", metavar="ID")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder or file; by default the current folder."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@with_session
async def get(session: Session, conversion_id: str, output: Path | None, overwrite: bool) -> None:
    """Download the audio of a conversion, once it is ready.

    An interrupted download goes on where it stopped. The audio is checked against its SHA-256.
    """
    async with session.open_client() as client:
        found = await client.conversions.wait(conversion_id)
        if found.result is None:
            raise ConversionFailed(found)
        target = free_target(target_of(found, output), overwrite=overwrite)
        await client.downloads.save(conversion_id, found.result, target)
    session.output.result({"target": str(target), "conversion": found}, plain(str(target)))


@click.command()
@click.argument("conversion_id", metavar="ID")
@click.option(
    "--expires-in",
    metavar="SECONDS",
    type=click.FloatRange(min=1, max=2_592_000),
    default=3600,
    show_default=True,
    help="How long the link is valid.",
)
@with_session
async def link(session: Session, conversion_id: str, expires_in: float) -> None:
    """Create a link to the audio that needs no account."""
    async with session.open_client() as client:
        made = await client.conversions.link(conversion_id, expires_in)
    session.output.result(made, made.url)


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def unlink(session: Session, conversion_id: str) -> None:
    """End all links to the audio, also those in mails and webhooks."""
    async with session.open_client() as client:
        await client.conversions.end_links(conversion_id)
    session.output.result(
        {"id": conversion_id, "links_ended": True}, f"{plain(conversion_id)}  all links have ended"
    )


@click.command()
@click.argument("conversion_id", metavar="ID")
@click.argument("title")
@with_session
async def rename(session: Session, conversion_id: str, title: str) -> None:
    """Give a conversion a title, under which its audio is saved.

    An empty title gives it back the name of its file.
    """
    async with session.open_client() as client:
        found = await client.conversions.rename(conversion_id, title or None)
    session.output.result(found, f"{found.id}  {found.title or found.source.filename}")


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def cancel(session: Session, conversion_id: str) -> None:
    """Cancel a conversion that has not ended."""
    async with session.open_client() as client:
        found = await client.conversions.cancel(conversion_id)
    session.output.result(found, f"{found.id}  {found.status}")


@click.command()
@click.argument("conversion_id", metavar="ID")
@with_session
async def retry(session: Session, conversion_id: str) -> None:
    """Convert again what failed or was cancelled."""
    async with session.open_client() as client:
        found = await client.conversions.retry(conversion_id)
    session.output.result(found, f"{found.id}  {found.status}")


@click.command()
@click.argument("conversion_ids", metavar="ID...", nargs=-1, required=True)
@yes_option
@with_session
async def delete(session: Session, conversion_ids: tuple[str, ...], yes: bool) -> None:
    """Delete conversions with their video and audio from the server."""
    count = len(conversion_ids)
    what = "this conversion" if count == 1 else f"{count} conversions"
    confirm(f"Delete {what} with video and audio from the server?", yes=yes)
    async with session.open_client() as client:
        for conversion_id in conversion_ids:
            await client.conversions.delete(conversion_id)
            session.output.deleted(conversion_id)


def row_of(conversion: Conversion) -> tuple[str, ...]:
    status = conversion.status
    if status == "converting":
        status = f"{status} {conversion.progress:.0%}"
    size = conversion.result.size if conversion.result else None
    name = conversion.title or conversion.source.filename
    return (conversion.id, status, time_text(conversion.created_at), size_text(size), name)


def lines_of(conversion: Conversion) -> list[str]:
    source, result = conversion.source, conversion.result
    lines = [
        f"id        {conversion.id}",
        f"status    {conversion.status} ({conversion.progress:.0%})",
        f"file      {plain(source.filename)}  {size_text(source.size)}",
        f"created   {time_text(conversion.created_at)}",
        f"finished  {time_text(conversion.finished_at)}",
        f"expires   {time_text(conversion.expires_at)}",
    ]
    if conversion.title:
        lines.insert(1, f"title     {plain(conversion.title)}")
    if result is not None:
        bitrate = f", {result.bitrate // 1000} kbit/s" if result.bitrate else ""
        lines.append(f"audio     {result.format}, {result.duration:.1f} s, {size_text(result.size)}{bitrate}")
    if conversion.error is not None:
        lines.append(f"error     {conversion.error.message} ({conversion.error.code})")
    return lines


# What separates folders, drives or streams on some system.
NOT_IN_A_NAME = re.compile(r"[/\\:\0]")


def name_of(conversion: Conversion, suffix: str) -> str:
    """The name of a file for the audio."""
    name = result_name(conversion.title or Path(conversion.source.filename).name or "audio", suffix)
    return NOT_IN_A_NAME.sub("_", name)


def target_of(conversion: Conversion, output: Path | None) -> Path:
    """A path without a name is a folder: one that exists, or that ends with a separator."""
    name = name_of(conversion, conversion.result.format if conversion.result else "mp3")
    if output is None:
        return Path(name)
    return output / name if output.is_dir() else output


def free_target(target: Path, *, overwrite: bool) -> Path:
    """Makes the folder of a path. Raises TonegateError when a file is there that must not be replaced."""
    if target.exists() and not overwrite:
        raise TonegateError(f"{target} exists already. Choose another place with -o, or use --overwrite.")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target

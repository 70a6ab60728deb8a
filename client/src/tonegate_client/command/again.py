"""`tonegate convert --again`: a stored video with other options."""

from pathlib import Path

from tonegate_client.command.conversions import free_target, name_of
from tonegate_client.command.session import Session
from tonegate_client.command.text import plain
from tonegate_client.models import Options
from tonegate_client.problems import ConversionFailed


async def convert_again(
    session: Session, conversion_id: str, options: Options, folder: Path, *, overwrite: bool
) -> None:
    """Converts without an upload, and saves the audio in a folder; fails first if a file is in the way."""
    async with session.open_client() as client:
        source = await client.conversions.get(conversion_id)
        target = free_target(folder / name_of(source, options.format), overwrite=overwrite)
        made = await client.conversions.convert_again(conversion_id, options)
        session.output.note(f"{made.id}  {made.status}")
        done = await client.conversions.wait(made.id)
        if done.result is None:
            raise ConversionFailed(done)
        await client.downloads.save(done.id, done.result, target)
    session.output.result({"target": str(target), "conversion": done}, plain(str(target)))

"""`tonegate presets`: named options, which uploads through the API and the page can use."""

from typing import Any

import click
import msgspec

from tonegate_client.command.listing_group import ListingGroup
from tonegate_client.command.options import conversion_options
from tonegate_client.command.session import Session, with_session
from tonegate_client.models import Options
from tonegate_client.preset_models import Preset, PresetOptions


@click.group(cls=ListingGroup)
def presets() -> None:
    """Named options of the account; lists them without a subcommand."""


@presets.command("list")
@with_session
async def list_presets(session: Session) -> None:
    """List the account's presets."""
    async with session.open_client() as client:
        found = await client.presets.list()
    session.output.table(found, ("NAME", "DEFAULT", "OPTIONS"), [row_of(each) for each in found])


@presets.command("create")
@click.argument("name")
@click.option("--default", is_flag=True, help="Use it where an upload names no preset.")
@conversion_options
@with_session
async def create_preset(session: Session, name: str, default: bool, options: Options) -> None:
    """Create a preset."""
    async with session.open_client() as client:
        made = await client.presets.create(name, preset_options(options), default=default)
    session.output.result(made, "  ".join(row_of(made)))


@presets.command("default")
@click.argument("name")
@click.option("--off", is_flag=True, help="Have no default preset.")
@with_session
async def default_preset(session: Session, name: str, off: bool) -> None:
    """Make a preset the default one."""
    async with session.open_client() as client:
        changed = await client.presets.change(name, default=not off)
    session.output.result(changed, "  ".join(row_of(changed)))


@presets.command("delete")
@click.argument("name")
@with_session
async def delete_preset(session: Session, name: str) -> None:
    """Delete a preset; conversions that used it keep their options."""
    async with session.open_client() as client:
        await client.presets.delete(name)
    session.output.deleted(name)


def preset_options(options: Options) -> PresetOptions:
    given: dict[str, Any] = {name: getattr(options, name) for name in options.__struct_fields__}
    return PresetOptions(**given)


def row_of(preset: Preset) -> tuple[str, str, str]:
    given = msgspec.to_builtins(preset.options)
    shown = " ".join(f"{name}={value}" for name, value in given.items())
    return preset.name, "default" if preset.default else "-", shown or "-"

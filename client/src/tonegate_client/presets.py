"""Calls of presets: named options of the account."""

from typing import Any
from urllib.parse import quote

import msgspec

from tonegate_client.preset_models import Preset, PresetList, PresetOptions
from tonegate_client.transport import Request, Transport, keyed_post

PATH = "v1/presets"


class Presets:
    """Each call raises Problem, ServerUnreachable, NotSignedIn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[Preset]:
        return (await self._transport.fetch(Request("GET", PATH), PresetList)).items

    async def create(self, name: str, options: PresetOptions, *, default: bool = False) -> Preset:
        body = {"name": name, "options": msgspec.to_builtins(options), "default": default}
        return await self._transport.fetch(keyed_post(PATH, body), Preset)

    async def change(
        self,
        name: str,
        *,
        new_name: str | None = None,
        options: PresetOptions | None = None,
        default: bool | None = None,
    ) -> Preset:
        """Changes what is not None; `options` replace all that the preset has."""
        body: dict[str, Any] = {"name": new_name, "options": msgspec.to_builtins(options), "default": default}
        wanted = {field: value for field, value in body.items() if value is not None}
        return await self._transport.fetch(Request("PATCH", path_of(name), body=wanted), Preset)

    async def delete(self, name: str) -> None:
        await self._transport.send(Request("DELETE", path_of(name)))


def path_of(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"

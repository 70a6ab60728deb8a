"""Routes of presets."""

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from converter_service.presets.model import StoredPreset, Values
from converter_service.presets.service import Presets
from shared.contracts.presets import ChangePreset, NewPreset, Preset, PresetList, PresetOptions
from shared.http import Injected
from shared.identity.principal import Principal

Call = Request[Principal, Any, Any]


class PresetController(Controller):
    path = "/v1/presets"
    tags = ("presets",)

    @get("/", summary="List own presets, by name")
    async def list_own(self, request: Call, presets: Injected[Presets]) -> PresetList:
        return PresetList(tuple(shown(each) for each in await presets.list(request.user)))

    @post("/", summary="Create a preset")
    async def create(self, request: Call, data: JSONBody[NewPreset], presets: Injected[Presets]) -> Preset:
        options = values(data.options)
        return shown(await presets.create(request.user, data.name, options, default=data.default))

    @patch("/{name:str}", summary="Change a preset")
    async def change(
        self, request: Call, name: FromPath[str], data: JSONBody[ChangePreset], presets: Injected[Presets]
    ) -> Preset:
        changed = await presets.change(
            request.user,
            name,
            new_name=None if data.name is msgspec.UNSET else data.name,
            options=None if data.options is msgspec.UNSET else values(data.options),
            default=None if data.default is msgspec.UNSET else data.default,
        )
        return shown(changed)

    @delete("/{name:str}", summary="Delete a preset")
    async def remove(self, request: Call, name: FromPath[str], presets: Injected[Presets]) -> None:
        await presets.delete(request.user, name)


def values(options: PresetOptions) -> Values:
    given: dict[str, str | int | float] = msgspec.to_builtins(options)
    return given


def shown(preset: StoredPreset) -> Preset:
    return Preset(preset.name, msgspec.convert(preset.options, PresetOptions), preset.default)

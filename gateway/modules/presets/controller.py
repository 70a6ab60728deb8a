"""Presets."""

from litestar import Controller

from gateway.pass_through import forward
from shared.contracts.presets import ChangePreset, NewPreset, Preset, PresetList
from shared.identity.scopes import scoped


class PresetsController(Controller):
    path = "/v1/presets"
    tags = ["presets"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    list_own = forward(
        "GET",
        to="converter",
        answer=PresetList,
        success="All presets",
        summary="List your presets, by name",
        operation_id="list_presets",
        problems=(401, 403),
    )

    create = forward(
        "POST",
        to="converter",
        body=NewPreset,
        answer=Preset,
        idempotent=True,
        status_code=201,
        success="The preset",
        summary="Create a preset: options with a name",
        operation_id="create_preset",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )

    change = forward(
        "PATCH",
        "/{name:str}",
        to="converter",
        body=ChangePreset,
        answer=Preset,
        success="The preset",
        summary="Change a preset, or make it the default one",
        operation_id="change_preset",
        problems=(400, 401, 403, 404, 408, 409, 413, 415),
    )

    remove = forward(
        "DELETE",
        "/{name:str}",
        to="converter",
        summary="Delete a preset",
        operation_id="delete_preset",
        problems=(400, 401, 403, 404),
    )

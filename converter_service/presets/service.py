"""Presets of an account: list, create, change, delete, and their use in requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from converter_service.conversions.requested_options import parse_options
from converter_service.media.option_parser import texts
from converter_service.presets.model import (
    MOST_PRESETS,
    NameTaken,
    PresetBook,
    StoredPreset,
    TooManyPresets,
    Values,
    combined,
    with_preset,
    without_preset,
)
from converter_service.presets.ports import PresetConflict, PresetStore
from shared.errors import Conflict, FieldError, InvalidRequest, NotFound, Unavailable
from shared.identity.principal import Principal

# The field beside options that names a preset; empty for none, not even the default one.
PRESET = "preset"
TRIES = 5


@dataclass(frozen=True, slots=True)
class Presets:
    store: PresetStore

    async def list(self, owner: Principal) -> tuple[StoredPreset, ...]:
        return (await self.store.get(owner.user_id)).presets

    async def create(self, owner: Principal, name: str, options: Values, *, default: bool) -> StoredPreset:
        """Raises InvalidRequest for options that no conversion could have, and Conflict for a name that is
        taken, in upper or lower case, and for more than MOST_PRESETS.
        """
        preset = StoredPreset(name, _valid(options), default)
        await self._change(owner, lambda book: with_preset(book, preset))
        return preset

    async def change(
        self,
        owner: Principal,
        name: str,
        *,
        new_name: str | None = None,
        options: Values | None = None,
        default: bool | None = None,
    ) -> StoredPreset:
        """Changes what is not None. Raises NotFound, and as `create`."""
        valid = None if options is None else _valid(options)

        def step(book: PresetBook) -> PresetBook:
            found = _existing(book, name)
            changed = StoredPreset(
                found.name if new_name is None else new_name,
                found.options if valid is None else valid,
                found.default if default is None else default,
            )
            return with_preset(book, changed, replaced=found.name)

        saved = await self._change(owner, step)
        return _existing(saved, name if new_name is None else new_name)

    async def delete(self, owner: Principal, name: str) -> None:
        """Raises NotFound."""

        def step(book: PresetBook) -> PresetBook:
            return without_preset(book, _existing(book, name).name)

        await self._change(owner, step)

    async def resolve(self, owner: Principal, fields: Mapping[str, str]) -> Mapping[str, str]:
        """The options of a request: those of the preset that it names, or else of the default one, where the
        request has none of its own. Raises InvalidRequest for an unknown preset.
        """
        explicit = {name: text for name, text in fields.items() if name != PRESET}
        name = fields.get(PRESET)
        if name == "":
            return explicit
        book = await self.store.get(owner.user_id)
        if name is None:
            preset = book.default
        elif (preset := book.find(name)) is None:
            raise InvalidRequest("There is no such preset.", errors=[FieldError(PRESET, "is not known")])
        return combined(texts(preset.options), explicit) if preset else explicit

    async def _change(self, owner: Principal, step: Callable[[PresetBook], PresetBook]) -> PresetBook:
        for _ in range(TRIES):
            book = await self.store.get(owner.user_id)
            try:
                changed = step(book)
                await self.store.save(changed)
            except PresetConflict:
                continue
            except NameTaken:
                raise Conflict("Another preset has this name.") from None
            except TooManyPresets:
                raise Conflict(f"An account may have at most {MOST_PRESETS} presets.") from None
            return changed
        raise Unavailable("The presets are changed by too many requests at once.")


def _existing(book: PresetBook, name: str) -> StoredPreset:
    if (found := book.find(name)) is None:
        raise NotFound
    return found


def _valid(options: Values) -> Values:
    """Raises InvalidRequest. A format that was not named is not stored."""
    stored = parse_options(texts(options)).stored()
    return {name: value for name, value in stored.items() if name in options}

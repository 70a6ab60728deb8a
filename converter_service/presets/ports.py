"""Port of the stored presets. The docstrings are the contract."""

from typing import Protocol

from converter_service.presets.model import PresetBook


class PresetConflict(Exception):
    """The presets were saved since they were read: read them again."""


class PresetStore(Protocol):
    """While the store is unreachable, all calls raise Unavailable within seconds."""

    async def get(self, owner_id: str) -> PresetBook:
        """The presets of an account, which may be none."""

    async def save(self, book: PresetBook) -> None:
        """Replaces all presets of an account in one atomic write, durable on return. Raises PresetConflict
        unless `book` was made from the newest value.
        """

    async def remove(self, owner_id: str) -> None:
        """Removes all presets of an account; does nothing if there are none."""

"""The presets of one account, and their changes. Pure."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

MOST_PRESETS = 50
# Options that hold for one format, and two that exclude each other.
OF_A_FORMAT = ("bitrate", "quality", "sample_rate")
ALTERNATIVES = frozenset({"bitrate", "quality"})
USUAL_FORMAT = "mp3"

Values = Mapping[str, str | int | float]


class NameTaken(Exception):
    """Another preset has the name."""


class TooManyPresets(Exception):
    """The account has as many presets as it may have."""


class StoredPreset(Struct, frozen=True):
    name: str
    options: Values
    default: bool = False


class PresetBook(Struct, frozen=True):
    """All presets of an account, sorted by name. `version` is incremented by the store with every save."""

    owner_id: str
    presets: tuple[StoredPreset, ...] = ()
    version: int = 0

    def find(self, name: str) -> StoredPreset | None:
        return next((each for each in self.presets if each.name == name), None)

    @property
    def default(self) -> StoredPreset | None:
        return next((each for each in self.presets if each.default), None)


def with_preset(book: PresetBook, preset: StoredPreset, replaced: str | None = None) -> PresetBook:
    """The book with the preset, in place of the one called `replaced`; only one is the default. Raises
    NameTaken and TooManyPresets.
    """
    others = [each for each in book.presets if each.name != replaced]
    if any(each.name.casefold() == preset.name.casefold() for each in others):
        raise NameTaken
    if len(others) >= MOST_PRESETS:
        raise TooManyPresets
    if preset.default:
        others = [replace(each, default=False) for each in others]
    return replace(book, presets=tuple(sorted([*others, preset], key=lambda each: each.name.casefold())))


def without_preset(book: PresetBook, name: str) -> PresetBook:
    return replace(book, presets=tuple(each for each in book.presets if each.name != name))


def combined(preset: Mapping[str, str], explicit: Mapping[str, str]) -> dict[str, str]:
    """The preset's options where `explicit` has no other: those of another format do not apply, and of bit
    rate and quality only one does.
    """
    unused = set(explicit)
    if ALTERNATIVES & unused:
        unused |= ALTERNATIVES
    own_format = preset.get("format", USUAL_FORMAT)
    if explicit.get("format", own_format) != own_format:
        unused.update(OF_A_FORMAT)
    return {**{name: value for name, value in preset.items() if name not in unused}, **explicit}

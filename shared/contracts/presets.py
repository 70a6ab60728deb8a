"""Request and response bodies of presets: named options of an account."""

from typing import Annotated, Literal

import msgspec

# As it stands in a path, which consists of unreserved characters.
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}(?![\s\S])",
        description="1 to 64 letters of ASCII, digits, hyphens and underscores",
        examples=["podcast"],
    ),
]


class PresetOptions(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The options that a preset sets; the others stay free."""

    format: Literal["mp3", "m4a", "opus", "flac", "wav"] | None = None
    bitrate: str | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: Literal[1, 2] | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    loudness: float | None = None
    cover: Literal["auto", "none"] | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None


class NewPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A preset to be created. With `default` it takes the place of the default one."""

    name: Name
    options: PresetOptions
    default: bool = False


class ChangePreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed; `options` replace all that the preset has."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    options: PresetOptions | msgspec.UnsetType = msgspec.UNSET
    default: bool | msgspec.UnsetType = msgspec.UNSET


class Preset(msgspec.Struct, frozen=True):
    """Named options. Those of the `default` preset are used where a request names none."""

    name: str
    options: PresetOptions
    default: bool


class PresetList(msgspec.Struct, frozen=True):
    """All presets of the account, in the order of their names; at most 50."""

    items: tuple[Preset, ...]

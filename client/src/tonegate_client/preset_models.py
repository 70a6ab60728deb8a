"""Bodies of responses about presets, with the names of the OpenAPI document."""

import msgspec


class PresetOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options that a preset sets; the others stay free."""

    format: str | None = None
    bitrate: str | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    loudness: float | None = None
    cover: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Named options; those of the `default` one are used where a request names no preset."""

    name: str
    options: PresetOptions
    default: bool


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """All presets of the account, by name."""

    items: list[Preset]

"""Validated conversion options, and their stored and displayed forms."""

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.formats import FORMATS
from converter_service.media.option_fields import format_bitrate

DEFAULT_BITRATE_BPS = 192_000


class Options(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"bitrate_bps": "bitrate"}
):
    """Validated options. Times are seconds of the source, `loudness` is in LUFS; `None` stands for the
    source's value or the format's default.

    `cover`: `auto` takes the source's picture or else a frame of its video, `none` takes neither; `None`
    takes the source's picture if there is one.
    """

    format: str = "mp3"
    bitrate_bps: int | None = None
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

    @property
    def target(self) -> Format:
        return FORMATS[self.format]

    @property
    def effective_bitrate_bps(self) -> int | None:
        """The bit rate to encode with; None for VBR and for formats without bit rates."""
        if self.quality is not None or not self.target.has_bitrate:
            return None
        highest = self.target.highest_bitrate_bps(self.sample_rate, self.channels)
        return self.bitrate_bps or min(DEFAULT_BITRATE_BPS, highest)

    @property
    def tags(self) -> dict[str, str]:
        wanted = {"title": self.title, "artist": self.artist, "album": self.album}
        return {name: text for name, text in wanted.items() if text is not None}

    def stored(self) -> dict[str, str | int | float]:
        """The requested options without defaults, for storage; `parse_stored` is the inverse."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "bitrate_bps"}
        stored = {name: value for name, value in chosen.items() if value is not None}
        if self.bitrate_bps is not None:
            stored["bitrate"] = format_bitrate(self.bitrate_bps)
        return stored

    def shown(self) -> dict[str, str | int | float]:
        """The options as the API shows them, including the default bit rate."""
        shown = self.stored()
        if (bitrate := self.effective_bitrate_bps) is not None:
            shown["bitrate"] = format_bitrate(bitrate)
        return shown

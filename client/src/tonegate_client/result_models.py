"""Bodies of responses about a result, for players, with the names of the OpenAPI document."""

import msgspec


class Waveform(msgspec.Struct, frozen=True, kw_only=True):
    """The waveform of the audio in audiowaveform's data format 2: minimum and maximum of each pixel."""

    version: int = 2
    channels: int = 1
    sample_rate: int
    samples_per_pixel: int
    bits: int = 8
    length: int
    data: list[int]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter of the audio, in seconds from its start."""

    start: float
    end: float
    title: str


class ChapterList(msgspec.Struct, frozen=True, kw_only=True):
    """The chapters of the audio, in their order."""

    items: list[Chapter]

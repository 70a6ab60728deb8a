"""What may be asked of a conversion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.options import BadOptions, Options, parse


def refused_fields(**fields: str) -> list[str]:
    with pytest.raises(BadOptions) as refused:
        parse(fields)
    return [problem.field for problem in refused.value.problems]


def test_nothing_asked_is_an_mp3_of_192k() -> None:
    assert parse({}).shown() == {"format": "mp3", "bitrate": "192k"}


def test_everything_on_offer_can_be_asked_for() -> None:
    options = parse(
        {
            "format": "mp3",
            "bitrate": "320k",
            "sample_rate": "44100",
            "channels": "2",
            "start": "1.5",
            "end": "9",
            "audio_track": "1",
            "title": "Ein Lied für Å",
            "artist": "B",
            "album": "C",
        }
    )
    assert (options.bitrate_bps, options.start, options.end, options.audio_track) == (320_000, 1.5, 9.0, 1)
    assert options.tags == {"title": "Ein Lied für Å", "artist": "B", "album": "C"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("format", "wma"),
        ("format", ""),
        ("bitrate", "32k"),
        ("bitrate", "321k"),
        ("bitrate", "192"),
        ("bitrate", "192kk"),
        ("bitrate", "-192k"),
        ("bitrate", "\uff11\uff19\uff12k"),
        ("quality", "10"),
        ("quality", "-1"),
        ("quality", "1.5"),
        ("sample_rate", "12345"),
        ("sample_rate", "96000"),
        ("channels", "6"),
        ("channels", "0"),
        ("start", "-1"),
        ("start", "nan"),
        ("start", "1e9"),
        ("start", "inf"),
        ("end", "0"),
        ("end", "soon"),
        ("audio_track", "-1"),
        ("audio_track", "200"),
        ("title", "two\nlines"),
        ("title", "nul\0"),
        ("artist", "x" * 501),
        ("loudness", "-16"),
        ("cover", "auto"),
        ("speed", "2"),
        ("", ""),
    ],
)
def test_a_bad_field_is_named(field: str, text: str) -> None:
    assert refused_fields(**{field: text}) == [field]


def test_every_bad_field_is_named_at_once() -> None:
    assert refused_fields(format="wma", bitrate="1k", speed="2") == ["format", "bitrate", "speed"]


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"bitrate": "192k", "quality": "2"}, "quality"),
        ({"format": "flac", "bitrate": "192k"}, "bitrate"),
        ({"format": "opus", "quality": "2"}, "quality"),
        ({"format": "opus", "sample_rate": "44100"}, "sample_rate"),
        ({"sample_rate": "8000", "bitrate": "320k"}, "bitrate"),
        ({"start": "5", "end": "5"}, "end"),
        ({"start": "5", "end": "4"}, "end"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, str], blamed: str) -> None:
    assert refused_fields(**fields) == [blamed]


def test_a_format_without_bit_rates_shows_none() -> None:
    assert parse({"format": "flac"}).shown() == {"format": "flac"}


def test_a_long_field_name_is_not_repeated_whole() -> None:
    (name,) = refused_fields(**{"x" * 10_000: "1"})
    assert len(name) == 64


@given(st.dictionaries(st.sampled_from(Options.__struct_fields__) | st.text(), st.text()))
def test_any_text_is_taken_or_refused_by_name(fields: dict[str, str]) -> None:
    try:
        options = parse(fields)
    except BadOptions:
        return
    assert parse({name: str(value) for name, value in options.shown().items()}).shown() == options.shown()

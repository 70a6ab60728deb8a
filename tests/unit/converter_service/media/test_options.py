"""Parsing, validation and storage of options."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from converter_service.media.formats import FORMATS
from converter_service.media.option_parser import display_stored, parse, parse_stored
from converter_service.media.option_problems import BadOptions, OptionProblem
from converter_service.media.options import Options


def refused_fields(**fields: str) -> list[str]:
    with pytest.raises(BadOptions) as refused:
        parse(fields)
    return [problem.field for problem in refused.value.problems]


def test_the_default_is_an_mp3_of_192k() -> None:
    assert parse({}).shown() == {"format": "mp3", "bitrate": "192k"}


def test_everything_on_offer_can_be_requested() -> None:
    options = parse(
        {
            "format": "mp3",
            "bitrate": "320k",
            "sample_rate": "44100",
            "channels": "2",
            "start": "1.5",
            "end": "9",
            "audio_track": "1",
            "loudness": "-16.5",
            "cover": "auto",
            "title": "Ein Lied für Å",
            "artist": "B",
            "album": "C",
        }
    )
    assert (options.bitrate_bps, options.start, options.end, options.audio_track) == (320_000, 1.5, 9.0, 1)
    assert (options.loudness, options.cover) == (-16.5, "auto")
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
        ("loudness", "-71"),
        ("loudness", "-4.9"),
        ("loudness", "16"),
        ("loudness", "loud"),
        ("cover", "yes"),
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
        ({"format": "m4a", "sample_rate": "16000", "bitrate": "192k"}, "bitrate"),
        ({"format": "opus", "channels": "1", "bitrate": "257k"}, "bitrate"),
        ({"bitrate": "100k"}, "bitrate"),
        ({"bitrate": "144k"}, "bitrate"),
        ({"format": "wav", "cover": "auto"}, "cover"),
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


@pytest.mark.parametrize("text", ["192000", "64K", "128 k", "32k"])
def test_the_error_shows_the_form_of_a_bit_rate(text: str) -> None:
    with pytest.raises(BadOptions) as refused:
        parse({"bitrate": text})
    assert refused.value.problems == (
        OptionProblem("bitrate", "must be from 64k to 320k, in a form like 128k"),
    )


def test_a_bit_rate_that_the_encoder_would_round_is_refused_with_those_it_has() -> None:
    with pytest.raises(BadOptions) as refused:
        parse({"bitrate": "100k", "sample_rate": "22050"})
    assert refused.value.problems == (
        OptionProblem("bitrate", "must be one of 64k, 80k, 96k, 112k, 128k, 144k, 160k for mp3 at 22050 Hz"),
    )


@pytest.mark.parametrize(
    ("sample_rate", "bitrate"), [("8000", "64k"), ("12000", "64k"), ("22050", "160k"), ("32000", "192k")]
)
@pytest.mark.parametrize("form", ["mp3", "m4a"])
def test_the_default_bit_rate_is_one_that_the_sample_rate_carries(
    form: str, sample_rate: str, bitrate: str
) -> None:
    assert parse({"format": form, "sample_rate": sample_rate}).shown()["bitrate"] == bitrate


@given(st.dictionaries(st.sampled_from(Options.__struct_fields__) | st.text(), st.text()))
def test_any_text_is_taken_or_refused_by_name(fields: dict[str, str]) -> None:
    try:
        options = parse(fields)
    except BadOptions:
        return
    assert parse_stored(options.stored()) == options


seconds = st.integers(0, 10**12).map(lambda us: f"{us // 10**6}.{us % 10**6:06}".rstrip("0").rstrip("."))
sample_rates = sorted({rate for form in FORMATS.values() for rate in form.sample_rates_hz})
valid_fields = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(sorted(FORMATS)),
        "bitrate": st.sampled_from(range(64, 321, 16)).map(lambda kbps: f"{kbps}k"),
        "quality": st.integers(0, 9).map(str),
        "sample_rate": st.sampled_from(sample_rates).map(str),
        "channels": st.sampled_from("12"),
        "start": seconds,
        "end": seconds,
        "audio_track": st.integers(0, 199).map(str),
        "loudness": st.decimals(-70, -5, places=3).map(str),
        "cover": st.sampled_from(["auto", "none"]),
        "title": st.text(max_size=20),
        "artist": st.text(max_size=20),
        "album": st.text(max_size=20),
    },
)


@given(valid_fields)
@example({"sample_rate": "22050"})
@example({"start": "0.00001"})
def test_accepted_options_are_stored_and_read_back_unchanged(
    fields: dict[str, str],
) -> None:
    try:
        options = parse(fields)
    except BadOptions:
        return
    assert parse_stored(json.loads(json.dumps(options.stored()))) == options


def test_defaults_are_shown_and_not_stored() -> None:
    """A stored bit rate then always is a requested one."""
    assert parse({}).stored() == {"format": "mp3"}
    assert display_stored(parse({}).stored()) == {"format": "mp3", "bitrate": "192k"}
    assert display_stored({}) == {}
    assert display_stored({"format": "wma"}) == {"format": "wma"}

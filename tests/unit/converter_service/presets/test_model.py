"""Presets of an account: one default, unique names, and how they complete a request."""

import pytest

from converter_service.presets.model import (
    MOST_PRESETS,
    NameTaken,
    PresetBook,
    StoredPreset,
    TooManyPresets,
    combined,
    with_preset,
)

VOICE = StoredPreset("Voice", {"bitrate": "64k"}, default=True)
BOOK = with_preset(PresetBook("alice"), VOICE)


def test_a_new_default_takes_the_place_of_the_earlier_one() -> None:
    book = with_preset(BOOK, StoredPreset("Music", {}, default=True))
    assert [(each.name, each.default) for each in book.presets] == [("Music", True), ("Voice", False)]


def test_a_name_is_taken_in_upper_and_lower_case_but_not_by_itself() -> None:
    with pytest.raises(NameTaken):
        with_preset(BOOK, StoredPreset("VOICE", {}))
    assert with_preset(BOOK, StoredPreset("VOICE", {}), replaced="Voice").presets == (
        StoredPreset("VOICE", {}),
    )


def test_the_number_of_presets_is_bounded() -> None:
    book = PresetBook("alice")
    for number in range(MOST_PRESETS):
        book = with_preset(book, StoredPreset(f"{number:02}", {}))
    with pytest.raises(TooManyPresets):
        with_preset(book, StoredPreset("more", {}))
    assert len(with_preset(book, StoredPreset("other", {}), replaced="00").presets) == MOST_PRESETS


@pytest.mark.parametrize(
    ("preset", "explicit", "expected"),
    [
        ({"format": "opus", "bitrate": "96k"}, {}, {"format": "opus", "bitrate": "96k"}),
        ({"bitrate": "96k", "loudness": "-16"}, {"loudness": "-23"}, {"bitrate": "96k", "loudness": "-23"}),
        ({"quality": "2", "channels": "1"}, {"bitrate": "96k"}, {"channels": "1", "bitrate": "96k"}),
        ({"bitrate": "96k"}, {"quality": "2"}, {"quality": "2"}),
        ({"quality": "2", "channels": "1"}, {"format": "wav"}, {"channels": "1", "format": "wav"}),
        ({"quality": "2"}, {"format": "mp3"}, {"quality": "2", "format": "mp3"}),
        ({"format": "opus", "sample_rate": "8000"}, {"format": "flac"}, {"format": "flac"}),
        ({"format": "opus", "bitrate": "96k"}, {"format": "opus"}, {"format": "opus", "bitrate": "96k"}),
    ],
)
def test_options_of_the_request_win_and_those_that_do_not_fit_them_are_left_out(
    preset: dict[str, str], explicit: dict[str, str], expected: dict[str, str]
) -> None:
    assert combined(preset, explicit) == expected

"""Names in an archive: none takes the place of another, on any file system."""

import pytest

from converter_service.downloads.archive import safe_everywhere, unique_names


def test_names_that_are_there_already_get_a_number() -> None:
    names = ["talk.mp3", "Talk.MP3", "talk (2).mp3", "talk.mp3", "TALK.opus"]
    assert unique_names(names) == [
        "talk.mp3",
        "Talk (2).MP3",
        "talk (2) (2).mp3",
        "talk (3).mp3",
        "TALK.opus",
    ]
    assert len({name.casefold() for name in unique_names(["a.mp3"] * 100)}) == 100


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("talk.mp3", "talk.mp3"),
        ('a<b>:"c"|d?*.mp3', "a_b___c__d__.mp3"),
        ("CON.mp3", "_CON.mp3"),
        ("com1.tar.mp3", "_com1.tar.mp3"),
        ("console.mp3", "console.mp3"),
    ],
)
def test_what_windows_does_not_allow_is_replaced(name: str, safe: str) -> None:
    assert safe_everywhere(name) == safe

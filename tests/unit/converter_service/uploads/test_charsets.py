"""Text in legacy charsets: declared ones are used, others are detected, and nothing fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.uploads.charsets import decode_declared, decode_text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("naïve 🎬.mp4", "utf-8"),
        ("café.wav", "iso-8859-1"),
        ("été à la plage.mov", "windows-1252"),
        ("Größe 5 €.mp4", "windows-1252"),
        ("会議の録画 2024.mp4", "shift_jis"),
        ("テスト動画.mp4", "shift_jis"),
        ("会议录像 2024-01.mp4", "gbk"),
        ("新建文本.mp4", "gbk"),
        ("회의.mp4", "euc_kr"),
        ("會議.mp4", "big5"),
        ("привет мир.mp4", "windows-1251"),
        ("лекция.mp4", "koi8_r"),
    ],
)
def test_names_in_common_legacy_charsets_are_recognised(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset)) == text


def test_a_declared_charset_wins_over_a_likely_one() -> None:
    name = "表.mp4".encode("shift_jis")
    assert decode_text(name, "shift_jis") == "表.mp4"
    assert decode_text("żółw.mp4".encode("cp1250"), "windows-1250") == "żółw.mp4"


def test_utf8_wins_over_a_declared_charset() -> None:
    assert decode_text("naïve".encode(), "iso-8859-1") == "naïve"


@given(st.binary(max_size=300), st.sampled_from([None, "shift_jis", "undefined", "hex", "no such", "\x00"]))
def test_any_bytes_are_decoded(text: bytes, declared: str | None) -> None:
    decode_text(text, declared).encode()


@pytest.mark.parametrize(
    "charset", ["undefined", "hex", "rot13", "punycode", "idna", "unicode_escape", "x", ""]
)
def test_codecs_that_are_no_charsets_are_not_used(charset: str) -> None:
    assert decode_declared(b"x", charset) is None

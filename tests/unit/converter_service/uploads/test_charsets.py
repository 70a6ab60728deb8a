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
        ("żółw.mp4", "windows-1250"),
        ("Příliš žluťoučký kůň.mp4", "windows-1250"),
        ("Árvíztűrő tükörfúrógép.mp4", "windows-1250"),
        ("Καλημέρα κόσμε.mp4", "windows-1253"),
        ("διάλεξη 3.mp4", "windows-1253"),
        ("İstanbul'da düğün.mp4", "windows-1254"),
        ("şarkı.mp3", "windows-1254"),  # noqa: RUF001
        ("שלום עולם.mp4", "windows-1255"),
        ("مرحبا بالعالم.mp4", "windows-1256"),
        ("Ąžuolas ir ėglė.mp4", "windows-1257"),
        ("Sveika pasaule, šodien.mp4", "windows-1257"),
        ("ประชุม.mp4", "cp874"),
    ],
)
def test_names_in_common_legacy_charsets_are_recognised(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset)) == text


@pytest.mark.parametrize(
    "text",
    [
        "naïve.mp4",
        "Ænima.mp3",
        "Äpfel.mp3",
        "Straße.mp3",
        "São João.mp4",
        "El Niño, canción.mp4",
        "Sigur Rós - Ágætis byrjun.mp3",
        "Motörhead.mp3",
        "Beyoncé - Déjà Vu.mp3",
        "Smørrebrød på øen.mp4",
        "Över ån.mp4",
        "© 2020 Müller.mp3",
    ],
)
def test_western_names_are_taken_for_no_other_alphabets(text: str) -> None:
    assert decode_text(text.encode("windows-1252")) == text


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

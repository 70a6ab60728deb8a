"""File names: sanitized and bounded, never a path, and unchanged in Content-Disposition where possible."""

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.uploads.filenames import content_disposition, safe_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\videos\\talk.mp4", "talk.mp4"),
        ("/absolute/talk.mp4", "talk.mp4"),
        ("ta\x00lk\n.mp4", "talk.mp4"),
        ("\u202egpj.exe", "gpj.exe"),
        ("-rf.mp4", "-rf.mp4"),
        ('say "hi".mp4', 'say "hi".mp4'),
        ("🎬 naïve.mp4", "🎬 naïve.mp4"),
        ("..", "upload"),
        ("", "upload"),
        (None, "upload"),
        ("  ", "upload"),
        ("dir/", "upload"),
        (". .mp4", "mp4"),
        ("C:\\fakepath\\x.mp4", "x.mp4"),
        ("\\\\server\\share\\x.mp4", "x.mp4"),
        ("a\u2067\u061cb\ufeff.mp4", "ab.mp4"),
    ],
)
def test_names_that_clients_send(sent: str | None, kept: str) -> None:
    assert safe_name(sent) == kept


@pytest.mark.parametrize("length", [251, 255, 256, 1000])
def test_the_name_of_a_download_has_at_most_255_bytes(length: int) -> None:
    header = content_disposition("x" * length, "mp3")
    name = header.removeprefix('attachment; filename="').removesuffix('"')
    assert (len(name), name[-5:]) == (255, "x.mp3")


def test_a_long_name_keeps_its_extension() -> None:
    kept = safe_name("é" * 1000 + ".mp4")
    assert len(kept.encode()) <= 255
    assert kept.endswith("é.mp4")


@given(st.text(max_size=2000))
def test_any_name_is_sanitized(sent: str) -> None:
    kept = safe_name(sent)
    assert 0 < len(kept.encode()) <= 255
    assert not set(kept) & {"/", "\\", "\x00", "\n", "\r"}
    assert kept not in {".", ".."}
    assert safe_name(kept) == kept


@given(st.text(max_size=300))
def test_a_content_disposition_is_one_ascii_line_that_gives_the_name_back(sent: str) -> None:
    header = content_disposition(sent, "mp3")
    assert header.isascii()
    assert header.isprintable()
    parsed = Message()
    parsed["Content-Disposition"] = header
    plain = parsed.get_filename()
    assert plain is not None
    name = unquote(header.partition("filename*=UTF-8''")[2]) or plain
    assert name.endswith(".mp3")
    assert safe_name(name) == name or len(name.encode()) > 255


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("talk.mp4", 'attachment; filename="talk.mp3"'),
        ("a.b.mkv", 'attachment; filename="a.b.mp3"'),
        ("naïve.mp4", "attachment; filename=\"na_ve.mp3\"; filename*=UTF-8''na%C3%AFve.mp3"),
        ('a"b.mp4', "attachment; filename=\"a_b.mp3\"; filename*=UTF-8''a%22b.mp3"),
        ("noextension", 'attachment; filename="noextension.mp3"'),
        ("v1.2", 'attachment; filename="v1.2.mp3"'),
        ("Talk.MP4", 'attachment; filename="Talk.mp3"'),
        ("2026.11.29", 'attachment; filename="2026.11.29.mp3"'),
        ("dr.who", 'attachment; filename="dr.who.mp3"'),
        ("talk.mp4.part", 'attachment; filename="talk.mp4.part.mp3"'),
    ],
)
def test_the_download_has_the_sources_name(name: str, header: str) -> None:
    assert content_disposition(name, "mp3") == header

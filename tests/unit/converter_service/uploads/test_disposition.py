"""File names in Content-Disposition, as clients of all kinds write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.uploads.disposition import decode_extended, decode_words, read_filename


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b'filename="talk.mp4"', "talk.mp4"),
        (b"filename=talk.mp4", "talk.mp4"),
        (b"filename=my talk.mp4; x=y", "my talk.mp4"),
        (b"FILENAME = talk.mp4", "talk.mp4"),
        (b'filename="caf\xe9.wav"', "café.wav"),
        (b"filename=caf\xe9.wav", "café.wav"),
        ('filename="テスト動画 表"'.encode("shift_jis"), "テスト動画 表"),
        (b'filename="say %22hi%22.mp4"', 'say "hi".mp4'),
        (b'filename="say \\"hi\\".mp4"', 'say "hi".mp4'),
        (b'filename="100%.mp4"', "100%.mp4"),
        (b'filename="a;b=c.mp4"', "a;b=c.mp4"),
        (b"filename=\"x; filename*=UTF-8''other.mp4\"", "x; filename*=UTF-8''other.mp4"),
        (b'filename="C:\\fakepath\\x.mp4"', "x.mp4"),
        (b'filename="C:\\dir\\"', ""),
        (b'filename="unclosed', '"unclosed'),
        (b'filename=""', ""),
        (b"", None),
        (b"filename*=UTF-8''na%C3%AFve.mp4; filename=x.mp4", "naïve.mp4"),
        (b"filename=x.mp4; filename*=utf-8'en'%e2%82%ac.mp4", "€.mp4"),
        (b"filename=x.mp4; filename*=\"UTF-8''y.mp4\"", "y.mp4"),
        (b"filename=x.mp4; filename*=UTF-8''%FF", "x.mp4"),
        (b"filename*=Shift_JIS''%95%5C.mp4", "表.mp4"),
        (b"filename*=undefined''x.mp4", None),
    ],
)
def test_a_file_name_is_read(parameters: bytes, name: str | None) -> None:
    assert read_filename(b'form-data; name="file"; ' + parameters) == name


def test_the_declared_charset_of_the_form_is_used() -> None:
    disposition = b'form-data; name="file"; filename="\x95\x5c"'
    assert read_filename(disposition, "shift_jis") == "表"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
        ("iso-8859-1''%A3.mp4", "£.mp4"),
        ("UTF-8''%FF", None),
        ("utf-7''x", None),
        ("plain.mp4", None),
    ],
)
def test_extended_values_are_read(value: str, name: str | None) -> None:
    assert decode_extended(value) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("=?UTF-8?B?bmHDr3ZlLm1wNA==?=", "naïve.mp4"),
        ("=?iso-8859-1?q?caf=E9.wav?=", "café.wav"),
        ("=?iso-8859-1*fr?q?caf=E9.wav?=", "café.wav"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?undefined?q?x?=", "=?undefined?q?x?="),
        ("=?hex?q?x?=", "=?hex?q?x?="),
        ("=?unicode_escape?q?=5Cx0a?=", "=?unicode_escape?q?=5Cx0a?="),
        ("=?utf-8?q?=FF?=", "=?utf-8?q?=FF?="),
        ("=?utf-8?b?x?=", "=?utf-8?b?x?="),
        ("=??=", "=??="),
    ],
)
def test_encoded_words_are_decoded_where_they_can_be(sent: str, name: str) -> None:
    assert decode_words(sent) == name


WORDS = st.builds("=?{}?{}?{}?=".format, st.text(max_size=12), st.sampled_from("qQbB"), st.text(max_size=40))


@given(st.one_of(st.text(max_size=200), WORDS))
def test_no_name_breaks_the_decoder_of_encoded_words(sent: str) -> None:
    decode_words(sent)


@given(st.binary(max_size=300), st.sampled_from([b'filename="%b"', b"filename=%b", b"filename*=%b"]))
def test_no_bytes_break_the_reader(sent: bytes, form: bytes) -> None:
    read_filename(b'form-data; name="file"; ' + form % sent)

"""Which bytes a Range header selects (RFC 9110 §14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.downloads.ranges import Slice, matches, not_modified, range_applies, select_range
from shared.errors import RangeNotSatisfiable

WHOLE = Slice(0, 100, 100, partial=False)


@pytest.mark.parametrize(
    ("header", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=90-1000", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("BYTES=5-6", 5, 7),
        ("bytes = 5 - 6", 5, 7),
        ("bytes=005-0000000000000000000000006", 5, 7),
        ("bytes=90-" + "9" * 5000, 90, 100),
        ("bytes=-" + "9" * 5000, 0, 100),
    ],
)
def test_a_single_range_is_answered_in_part(header: str, first: int, end: int) -> None:
    assert select_range(header, 100) == Slice(first, end, 100, partial=True)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=20-10",
        "bytes=0-1,5-6",
        "items=0-1",
        "bytes=0-1;",
        "bytes=" + "9" * 5000 + "-1",
    ],
)
def test_what_is_no_single_range_of_bytes_is_ignored(header: str | None) -> None:
    assert select_range(header, 100) == WHOLE


@pytest.mark.parametrize(
    "header",
    [
        "bytes=100-",
        "bytes=100-200",
        "bytes=-0",
        "bytes=99999999999999999999-",
        "bytes=99999999999999999999999-",
        "bytes=" + "9" * 5000 + "-",
        "bytes=" + "9" * 30 + "-" + "9" * 40,
    ],
)
def test_a_range_past_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        select_range(header, 100)
    assert refused.value.headers["Content-Range"] == "bytes */100"


@given(st.text(), st.integers(1, 1000))
def test_any_slice_lies_within_the_audio(header: str, size: int) -> None:
    try:
        part = select_range(header, size)
    except RangeNotSatisfiable:
        return
    assert 0 <= part.first < part.end <= size


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (None, False),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ("*", True),
        ('"x"', False),
        ("abc", False),
    ],
)
def test_if_none_match_compares_weakly(header: str | None, answer: bool) -> None:
    assert not_modified(header, '"abc"') is answer


@pytest.mark.parametrize(
    ("header", "answer"),
    [(None, True), ('"abc"', True), ('W/"abc"', False), ("Wed, 21 Oct 2015 07:28:00 GMT", False)],
)
def test_if_range_compares_strongly(header: str | None, answer: bool) -> None:
    assert range_applies(header, '"abc"') is answer


@pytest.mark.parametrize(
    ("header", "answer"),
    [(None, True), ('"abc"', True), ('"x", "abc"', True), ("*", True), ('W/"abc"', False), ('"x"', False)],
)
def test_if_match_compares_strongly(header: str | None, answer: bool) -> None:
    assert matches(header, '"abc"') is answer

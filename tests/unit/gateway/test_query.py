"""The query parameters that are relayed."""

import pytest

from gateway.query import pick
from shared.errors import InvalidRequest


@pytest.mark.parametrize("query", [b"a=1&a=2", b"a=%ff", b"a=\xff", b"b=1", b"&".join([b"a=1"] * 100)])
def test_a_malformed_query_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidRequest):
        pick({"query_string": query}, ("a",), refuse_others=True)


def test_a_query_keeps_its_order_and_empty_values() -> None:
    assert pick({"query_string": b"b=2&x=9&a=&c=%26"}, ("a", "b", "c")) == [
        ("b", "2"),
        ("a", ""),
        ("c", "&"),
    ]

"""The header fields that are relayed."""

import pytest

from gateway.proxy.header_filter import towards_client, towards_service
from shared.errors import InvalidRequest


def test_only_named_fields_reach_a_service() -> None:
    passed = towards_service(
        [
            (b"range", b"bytes=0-"),
            (b"host", b"x"),
            (b"x-user", b"admin"),
            (b"accept", b"*/*"),
            (b"connection", b"close, Accept"),
            (b"authorization", b"Bearer outer"),
            (b"transfer-encoding", b"chunked"),
            (b"expect", b"100-continue"),
        ]
    )
    assert dict(passed) == {"range": "bytes=0-"}


@pytest.mark.parametrize("value", [b"video/mp4\r\nX: y", b"video/\xff", b"a\x00b"])
def test_a_value_with_invalid_characters_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidRequest):
        towards_service([(b"content-type", value)])


def test_a_chunked_answer_has_no_length() -> None:
    assert towards_client({"Content-Length": "5", "Transfer-Encoding": "chunked", "ETag": '"a"'}) == [
        ("etag", '"a"')
    ]


@pytest.mark.parametrize(
    "location",
    [
        "http://db.internal/",
        "http://db.internal/v1/x",
        "//evil/x",
        "//evil/v1/x",
        "/media//evil/v1/x",
        "/\\evil/v1/x",
        "/internal/x",
        "/v1/",
        "/v1/\r\nX: y",
        "/v1/../x",
    ],
)
def test_a_location_outside_the_api_is_dropped(location: str) -> None:
    assert towards_client({"Location": location}) == []


@pytest.mark.parametrize("location", ["/v1/uploads/1f", "/media/v1/uploads/1f", "/a.b/~c/v1/conversions/1f"])
def test_a_location_of_the_api_is_relayed_with_its_prefix(location: str) -> None:
    assert towards_client({"Location": location}) == [("location", location)]

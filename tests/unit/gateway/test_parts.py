"""Tokens in headers, addresses of clients, fields that may cross, settings that may not be."""

from typing import Any, cast

import pytest
from litestar.types import HTTPScope

from gateway.identity.client_address import ClientAddresses
from gateway.proxy.header_filter import towards_client, towards_service
from gateway.query import chosen
from gateway.settings import GatewaySettings
from shared.errors import InvalidRequest
from shared.settings import SettingsError, load

NEEDED = {"AUTH_INTROSPECTION_SECRET": "0123456789abcdef", "AMQP_URL": "amqp://x"}


def scope(peer: str | None, *forwarded: str) -> HTTPScope:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return cast("HTTPScope", {"client": (peer, 1) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "key"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("1.1.1.1",), "192.0.2.1"),
        ("10.0.0.1", ("1.1.1.1",), "1.1.1.1"),
        ("10.0.0.1", ("6.6.6.6, 1.1.1.1",), "1.1.1.1"),
        ("10.0.0.1", ("6.6.6.6", "1.1.1.1, 10.0.0.2"), "1.1.1.1"),
        ("10.0.0.1", ("1.1.1.1:8080",), "1.1.1.1"),
        ("10.0.0.1", ("[2001:db8::1]:443",), "2001:db8::/64"),
        ("10.0.0.1", ("nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("1.1.1.1, nonsense, 10.0.0.2",), "10.0.0.2"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3",), "10.0.0.3"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", (), "192.0.2.1"),
        ("::ffff:10.0.0.1", ("1.1.1.1",), "1.1.1.1"),
        (None, ("1.1.1.1",), "unknown"),
    ],
)
def test_the_client_is_the_first_stranger_seen_from_here(
    peer: str | None, forwarded: tuple[str, ...], key: str
) -> None:
    assert ClientAddresses(["10.0.0.0/8"]).key(scope(peer, *forwarded)) == key


def named(peer: str, **fields: str) -> HTTPScope:
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return cast("HTTPScope", {"client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("forwarded", "key"),
    [
        ("for=1.1.1.1", "1.1.1.1"),
        ("For=1.1.1.1;proto=https;by=10.0.0.1", "1.1.1.1"),
        ("proto=https;for=1.1.1.1", "1.1.1.1"),
        ("for=6.6.6.6, for=1.1.1.1", "1.1.1.1"),
        ("for=1.1.1.1, for=10.0.0.2", "1.1.1.1"),
        ('for="[2001:db8::1]:443"', "2001:db8::/64"),
        ('for="1.1.1.1:80"', "1.1.1.1"),
        ("for=unknown", "10.0.0.1"),
        ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ('for="1.1.1.1', "10.0.0.1"),
        ('for="6.6.6.6, for=7.7.7.7", for=1.1.1.1', "1.1.1.1"),
        ("for=1.1.1.1,", "1.1.1.1"),
        ("nonsense", "10.0.0.1"),
        ("by=1.1.1.1", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_forwarded_is_read_like_its_older_brother(forwarded: str, key: str) -> None:
    assert ClientAddresses(["10.0.0.0/8"]).key(named("10.0.0.1", forwarded=forwarded)) == key
    assert ClientAddresses(["10.0.0.0/8"]).key(named("192.0.2.1", forwarded=forwarded)) == "192.0.2.1"


@pytest.mark.parametrize(
    ("older", "newer", "key"),
    [
        ("1.1.1.1", "for=1.1.1.1", "1.1.1.1"),
        ("1.1.1.1", "for=6.6.6.6", "10.0.0.1"),
        ("6.6.6.6", "for=1.1.1.1", "10.0.0.1"),
        ("1.1.1.1", "nonsense", "10.0.0.1"),
    ],
)
def test_two_fields_that_do_not_agree_are_not_believed(older: str, newer: str, key: str) -> None:
    scope = named("10.0.0.1", x_forwarded_for=older, forwarded=newer)
    assert ClientAddresses(["10.0.0.0/8"]).key(scope) == key


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
def test_a_value_with_strange_characters_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidRequest):
        towards_service([(b"content-type", value)])


def test_a_chunked_answer_has_no_length() -> None:
    assert towards_client({"Content-Length": "5", "Transfer-Encoding": "chunked", "ETag": '"a"'}) == [
        ("etag", '"a"')
    ]


@pytest.mark.parametrize("location", ["http://db.internal/", "//evil/x", "/internal/x", "/v1/\r\nX: y"])
def test_a_location_outside_the_api_is_dropped(location: str) -> None:
    assert towards_client({"Location": location}) == []


@pytest.mark.parametrize("query", [b"a=1&a=2", b"a=%ff", b"a=\xff", b"b=1", b"&".join([b"a=1"] * 100)])
def test_a_query_that_cannot_be_meant_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidRequest):
        chosen({"query_string": query}, ("a",), refuse_others=True)


def test_a_query_keeps_its_order_and_empty_values() -> None:
    assert chosen({"query_string": b"b=2&x=9&a=&c=%26"}, ("a", "b", "c")) == [
        ("b", "2"),
        ("a", ""),
        ("c", "&"),
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_RATE_LIMIT_LOGIN", "ten/minute"),
        ("GATEWAY_RATE_LIMIT_LOGIN", "10"),
        ("GATEWAY_RATE_LIMIT_DEFAULT", "0/minute"),
        ("GATEWAY_RATE_LIMIT_STORAGE_URL", "mongodb://x"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8,nonsense"),
        ("GATEWAY_AUTH_URL", "ftp://x"),
        ("GATEWAY_CONVERTER_URL", "http://x/path"),
        ("GATEWAY_IDLE_TIMEOUT", "0"),
        ("GATEWAY_CORS_ORIGINS", "https://a.example.org,app.example.org"),
        ("GATEWAY_CORS_ORIGINS", "https://a.example.org/"),
        ("GATEWAY_MAX_CALLS", "0"),
        ("GATEWAY_MAX_STREAMS", "many"),
    ],
)
def test_a_bad_setting_is_named_before_the_gateway_starts(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load(GatewaySettings, {**NEEDED, variable: value})


def test_the_settings_that_outsiders_rely_on_are_read() -> None:
    settings: Any = load(
        GatewaySettings, {**NEEDED, "GATEWAY_PORT": "9", "GATEWAY_RATE_LIMIT_LOGIN": "2/second"}
    )
    assert (settings.port, settings.rate_login, settings.rate_upload) == (9, "2/second", "60/hour")

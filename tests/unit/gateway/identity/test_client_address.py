"""The client's address behind trusted proxies."""

from typing import cast

import pytest
from litestar.types import HTTPScope

from gateway.identity.client_address import ClientAddresses
from gateway.identity.forwarded import ForwardedField


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
def test_the_client_is_the_nearest_untrusted_address(
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
def test_forwarded_is_read_like_x_forwarded_for(forwarded: str, key: str) -> None:
    addresses = ClientAddresses(["10.0.0.0/8"], ForwardedField.FORWARDED)
    assert addresses.key(named("10.0.0.1", forwarded=forwarded)) == key
    assert addresses.key(named("192.0.2.1", forwarded=forwarded)) == "192.0.2.1"


@pytest.mark.parametrize("forged", ["for=6.6.6.6", "for=1.1.1.1", "nonsense", ""])
def test_the_field_that_the_proxies_do_not_set_is_ignored(forged: str) -> None:
    """Otherwise a client that sends the other field is counted as another client, or as the proxy."""
    scope = named("10.0.0.1", x_forwarded_for="1.1.1.1", forwarded=forged)
    assert ClientAddresses(["10.0.0.0/8"]).key(scope) == "1.1.1.1"
    scope = named("10.0.0.1", x_forwarded_for=forged, forwarded="for=1.1.1.1")
    assert ClientAddresses(["10.0.0.0/8"], ForwardedField.FORWARDED).key(scope) == "1.1.1.1"

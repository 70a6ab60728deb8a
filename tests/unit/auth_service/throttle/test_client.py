"""Client parsing: canonical addresses, networks, printable user agents."""

import pytest

from auth_service.throttle.client import parse_client


@pytest.mark.parametrize(
    ("sent", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::1", "2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("unknown", None, "unknown"),
        ("192.0.2.7, 10.0.0.1", None, "unknown"),
        ("192.0.2.7:443", None, "unknown"),
        ("", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_an_address_has_one_form_and_one_network(sent: str | None, address: str | None, network: str) -> None:
    found = parse_client(sent, None)
    assert (found.address, found.network) == (address, network)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("curl/8.14", "curl/8.14"),
        ("x" * 1000, "x" * 256),
        ("a\r\nb\x1b[31mc\u202ed", "a b [31mc d"),
        ("", None),
        (" \t", None),
        (None, None),
    ],
)
def test_a_name_is_printable_and_not_too_long(sent: str | None, kept: str | None) -> None:
    assert parse_client(None, sent).user_agent == kept

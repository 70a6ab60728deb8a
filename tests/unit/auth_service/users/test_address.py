"""Email addresses: validation and canonical form."""

import pytest

from auth_service.users.address import BadAddress, canonical

BAD = (
    "",
    "ada",
    "@example.com",
    "ada@",
    "ada@localhost",
    "ada@@example.com",
    "ada@exa mple.com",
    "ada@example..com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example.com.",
    ".ada@example.com",
    "ada.@example.com",
    "a..da@example.com",
    "ada@127.0.0.1",
    "ada@[127.0.0.1]",
    '"ada"@example.com',
    "ada@example.com\n",
    "ada@example.com\r\nBcc: eve@example.com",
    "ada\x00@example.com",
    "ada\t@example.com",
    " ada@example.com",
    "Ada <ada@example.com>",
    "ada@example.com,eve@example.com",
    "ada@example.com;eve@example.com",
    "ada(comment)@example.com",
    "\u0430da@example.com",
    "ada@exámple.com",
    "ada\u2028@example.com",
    "a" * 65 + "@example.com",
    "a@" + "b" * 64 + ".com",
    "a@" + ".".join(["b" * 60] * 5),
)

GOOD = (
    "ada@example.com",
    "ada.lovelace+tag@mail.example.co.uk",
    "o'brien@example.ie",
    "a@b.cc",
    "x_y-z@xn--exmple-qta.com",
    "a" * 64 + "@example.com",
    "1@2.io",
)


@pytest.mark.parametrize("address", BAD)
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        canonical(address)


@pytest.mark.parametrize("address", GOOD)
def test_an_ordinary_address_is_accepted(address: str) -> None:
    assert canonical(address) == address


def test_addresses_are_case_insensitive() -> None:
    assert canonical("Ada@Example.COM") == canonical("ada@example.com")


def test_the_longest_address_that_mail_can_carry_is_taken_and_one_more_is_not() -> None:
    longest = "a@" + ".".join(["b" * 62] * 3 + ["c" * 60 + ".de"])
    assert len(longest) == 254
    assert canonical(longest) == longest
    with pytest.raises(BadAddress):
        canonical("a" + longest)

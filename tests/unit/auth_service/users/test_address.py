"""Email addresses: validation and canonical form."""

import re

import pytest
from hypothesis import example, given
from hypothesis.strategies import text

from auth_service.users.address import BadAddress, EmailAddress, canonical, canonical_parts, parse_address

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
    "Ada <ada@example.com>",
    "ada@example.com,eve@example.com",
    "ada@example.com;eve@example.com",
    "ada(comment)@example.com",
    "jörg@exa mple.com",
    "jö rg@example.com",
    "jörg\u00a0x@example.com",
    "jörg@example.com\r\nBcc: eve@example.com",
    "jörg@example.com\n",
    "jörg\x85@example.com",
    "jörg\u202e@example.com",
    '"jörg"@example.com',
    "jörg@localhost",
    "jörg@[127.0.0.1]",
    "jörg@\uff11\uff12\uff17.0.0.1",
    "jörg@example.com,eve@example.com",
    "Jörg <jörg@example.com>",
    "jörg.@example.com",
    "ada@bü\u2028cher.example",
    "ada@bücher\u00a0.example",
    "ada@bücher..example",
    "ada@-bücher.example",
    "ada@ü\uff20example.com",
    "ada@a\u037ebücher.example",
    "ada@" + "ü" * 60 + ".example",
    "ü" * 33 + "@example.com",
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


@pytest.mark.parametrize(
    "address",
    [
        "user@bücher.example",
        "user@BÜCHER.Example",
        "User@bu\u0308cher.example",
        "user@xn--bcher-kva.example",
        "user@XN--BCHER-KVA.EXAMPLE",
        "user@bücher。example",
        " user@bücher.example\t",
        "\u00a0user@bücher.example\u3000",
    ],
)
def test_an_international_domain_has_one_canonical_form(address: str) -> None:
    assert canonical(address) == "user@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Jörg@Example.org", "jörg@example.org"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("\u0430da@example.com", "\u0430da@example.com"),
    ],
)
def test_an_international_address_is_accepted(address: str, expected: str) -> None:
    assert canonical(address) == expected


@pytest.mark.parametrize("address", GOOD)
def test_blanks_around_an_address_do_not_belong_to_it(address: str) -> None:
    assert parse_address(f" \t{address}\u00a0 ") == EmailAddress(address, address)


def test_an_address_is_kept_as_people_write_it() -> None:
    assert parse_address(" Ada@Example.COM").written == "Ada@Example.COM"
    assert parse_address("Ada@bu\u0308cher.example ").written == "Ada@bücher.example"


@given(text())
@example("a@ex\u00adample.example")
@example("a@\uff45xample.example")
def test_what_is_accepted_cannot_end_a_header_or_name_two_mailboxes(local: str) -> None:
    for typed in (local, f"{local}@example.org", f"ada@{local}.example"):
        try:
            parsed = parse_address(typed)
        except BadAddress:
            continue
        for form in (parsed.written, parsed.canonical):
            assert re.fullmatch(r"[^\s<>\"(),:;\[\]\\\x00-\x1f\x7f-\x9f\u2028\u2029]+", form), form
            assert form.count("@") == 1
        assert canonical(parsed.written) == parsed.canonical
        assert canonical(parsed.canonical) == parsed.canonical


def test_a_part_of_an_address_is_found_in_both_forms_of_a_domain() -> None:
    assert canonical_parts(" Bücher.example") == ("bücher.example", "xn--bcher-kva.example")
    assert canonical_parts("@bücher.example") == ("@bücher.example", "@xn--bcher-kva.example")
    assert canonical_parts("ADA") == ("ada",)


def test_addresses_are_case_insensitive() -> None:
    assert canonical("Ada@Example.COM") == canonical("ada@example.com")


def test_the_longest_address_that_mail_can_carry_is_taken_and_one_more_is_not() -> None:
    longest = "a@" + ".".join(["b" * 62] * 3 + ["c" * 60 + ".de"])
    assert len(longest) == 254
    assert canonical(longest) == longest
    with pytest.raises(BadAddress):
        canonical("a" + longest)

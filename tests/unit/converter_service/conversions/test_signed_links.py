"""Signed links: valid for one audio until the expiry, and not forgeable."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.conversions.signed_links import SignedLinks
from converter_service.errors import LinkExpired
from shared.errors import Unauthenticated
from shared.settings import Secret
from shared.signed_links import LinkSigner

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
LINKS = SignedLinks(Secret("k" * 32))


def parts(path: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(path).query)
    return query["expires"][0], query["signature"][0]


def test_a_signed_link_is_accepted_until_it_expires() -> None:
    expires, signature = parts(LINKS.sign("c1", LATER))
    assert LINKS.check("c1", expires, signature, NOON) == 0
    with pytest.raises(LinkExpired):
        LINKS.check("c1", expires, signature, LATER)


def test_a_link_is_valid_for_its_conversion_only() -> None:
    expires, signature = parts(LINKS.sign("c1", LATER))
    with pytest.raises(Unauthenticated):
        LINKS.check("c2", expires, signature, NOON)


def test_a_link_cannot_be_prolonged() -> None:
    expires, signature = parts(LINKS.sign("c1", LATER))
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", str(int(expires) + 1), signature, NOON)


def test_a_link_of_another_key_is_refused() -> None:
    expires, signature = parts(SignedLinks(Secret("other" * 8)).sign("c1", LATER))
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", expires, signature, NOON)


def test_links_of_a_former_key_are_accepted_while_it_is_in_the_list() -> None:
    """New links are signed with the first key."""
    old, new = "old key " * 4, "new key " * 4
    former = parts(SignedLinks(Secret(old)).sign("c1", LATER))
    both = SignedLinks(Secret(f"{new}, {old}"))
    assert both.check("c1", *former, NOON) == 0
    assert SignedLinks(Secret(new)).check("c1", *parts(both.sign("c1", LATER)), NOON) == 0
    with pytest.raises(Unauthenticated):
        SignedLinks(Secret(new)).check("c1", *former, NOON)


def test_a_link_says_how_often_links_had_been_ended_and_cannot_be_altered_in_that() -> None:
    expires, signature = parts(LINKS.sign("c1", LATER, links_ended=12))
    assert LINKS.sign("c1", LATER, links_ended=12).endswith("&series=12")
    assert LINKS.check("c1", expires, signature, NOON, "12") == 12
    for other in (None, "0", "1", "13", "012x", "-12", "", "1" * 30):
        with pytest.raises(Unauthenticated):
            LINKS.check("c1", expires, signature, NOON, other)


@given(st.text(), st.text())
def test_forged_signatures_are_refused(expires: str, signature: str) -> None:
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", expires, signature, NOON)


def test_a_link_that_another_service_signed_is_accepted() -> None:
    expires, signature = parts(LinkSigner(Secret("k" * 32)).sign("c1", LATER))
    assert LINKS.check("c1", expires, signature, NOON) == 0

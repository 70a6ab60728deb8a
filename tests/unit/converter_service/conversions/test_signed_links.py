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
    assert LINKS.check("c1", expires, signature, NOON) == LATER
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


def test_a_link_that_its_owner_has_ended_is_refused_and_a_later_one_accepted() -> None:
    first = parts(LINKS.sign("c1", LATER))
    later = parts(LINKS.sign("c1", LATER, links_ended=1))
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", *first, NOON, links_ended=1)
    assert LINKS.check("c1", *later, NOON, links_ended=1) == LATER
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", *later, NOON, links_ended=2)


@given(st.text(), st.text())
def test_forged_signatures_are_refused(expires: str, signature: str) -> None:
    with pytest.raises(Unauthenticated):
        LINKS.check("c1", expires, signature, NOON)


def test_a_link_that_another_service_signed_is_accepted() -> None:
    expires, signature = parts(LinkSigner(Secret("k" * 32)).sign("c1", LATER))
    assert LINKS.check("c1", expires, signature, NOON) == LATER

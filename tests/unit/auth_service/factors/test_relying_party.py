"""The relying party follows from the public URL."""

import pytest

from auth_service.factors.relying_party import relying_party


@pytest.mark.parametrize(
    ("url", "domain", "origin"),
    [
        ("https://media.example.org", "media.example.org", "https://media.example.org"),
        ("https://media.example.org:443/audio/", "media.example.org", "https://media.example.org"),
        ("https://Media.Example.org:8443", "media.example.org", "https://media.example.org:8443"),
        ("https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:80", "localhost", "http://localhost"),
    ],
)
def test_it_is_the_host_with_its_origin(url: str, domain: str, origin: str) -> None:
    party = relying_party(url)
    assert party is not None
    assert (party.id, party.origins) == (domain, (origin,))


@pytest.mark.parametrize("url", ["https://192.0.2.7", "http://[2001:db8::1]:8000"])
def test_an_ip_address_has_none(url: str) -> None:
    assert relying_party(url) is None

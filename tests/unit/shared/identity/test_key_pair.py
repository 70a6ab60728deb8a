"""Signing keys: thumbprints and public JWKs."""

import base64
import hashlib

from shared.identity.key_pair import KeyPair, generate


def test_a_key_read_back_from_its_pem_has_the_same_name() -> None:
    key = generate()
    assert KeyPair(key.pem).kid == key.kid


def test_a_key_is_named_by_the_thumbprint_of_its_public_half() -> None:
    key = generate()
    members = f'{{"crv":"P-256","kty":"EC","x":"{key.jwk.x}","y":"{key.jwk.y}"}}'  # RFC 7638 §3.2, by hand
    assert key.kid == base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")


def test_two_keys_have_two_names() -> None:
    assert generate().kid != generate().kid


def test_the_public_jwk_contains_no_private_member() -> None:
    assert set(generate().jwk.__struct_fields__) == {"kid", "x", "y", "kty", "crv", "alg", "use"}


def test_the_repr_of_a_key_hides_it() -> None:
    assert "PRIVATE" not in repr(generate().pem)

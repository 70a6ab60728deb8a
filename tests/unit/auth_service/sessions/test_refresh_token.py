"""Refresh tokens: randomness, fingerprints, successors."""

from auth_service.sessions.refresh_token import fingerprint, new_refresh_token, new_salt, successor


def test_a_refresh_token_holds_256_bits() -> None:
    assert len(new_refresh_token()) == 43


def test_values_are_unique() -> None:
    assert len({new_refresh_token() for _ in range(1000)}) == 1000


def test_the_fingerprint_is_deterministic_and_does_not_contain_the_token() -> None:
    token = new_refresh_token()
    assert token.encode() not in fingerprint(token)
    assert fingerprint(token) == fingerprint(token)
    assert len(fingerprint(token)) == 32


def test_a_successor_depends_on_token_and_salt_only() -> None:
    token, salt = new_refresh_token(), new_salt()
    following = successor(token, salt)
    assert following == successor(token, salt)
    assert len(following) == 43
    assert len({following, successor(token, new_salt()), successor(new_refresh_token(), salt), token}) == 4

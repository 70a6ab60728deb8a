"""Tokens of mailed links: randomness, and fingerprints per purpose."""

from auth_service.mailer.mail_token import Purpose, fingerprint, new_secret


def test_a_secret_holds_256_bits_and_no_two_are_alike() -> None:
    secrets = {new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert {len(secret) for secret in secrets} == {43}


def test_what_is_stored_is_the_same_each_time_and_different_for_each_purpose() -> None:
    secret = new_secret()
    stored = {purpose: fingerprint(secret, purpose) for purpose in Purpose}
    assert stored == {purpose: fingerprint(secret, purpose) for purpose in Purpose}
    assert len(set(stored.values())) == len(Purpose)
    assert all(secret.encode() not in each for each in stored.values())

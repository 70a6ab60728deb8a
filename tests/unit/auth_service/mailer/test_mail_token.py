"""Tokens of mailed links: randomness, and fingerprints per purpose."""

from auth_service.mailer.mail_token import Purpose, fingerprint, new_secret


def test_secrets_have_256_bits_and_are_unique() -> None:
    secrets = {new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert {len(secret) for secret in secrets} == {43}


def test_the_fingerprint_is_deterministic_and_depends_on_the_purpose() -> None:
    secret = new_secret()
    stored = {purpose: fingerprint(secret, purpose) for purpose in Purpose}
    assert stored == {purpose: fingerprint(secret, purpose) for purpose in Purpose}
    assert len(set(stored.values())) == len(Purpose)
    assert all(secret.encode() not in each for each in stored.values())

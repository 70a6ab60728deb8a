"""Signatures verify with the standardwebhooks package; secrets are encrypted at rest."""

import base64
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from notification_service.webhooks.secret_cipher import SecretCipher, UndecryptableSecret
from notification_service.webhooks.signature import new_secret, sign_message
from shared.settings import Secret

BODY = b'{"type":"conversion.completed"}'


def now() -> datetime:
    return datetime.now(UTC)


@given(st.text(max_size=200))
def test_a_signature_verifies(text: str) -> None:
    body, secret = text.encode("utf-8", "replace"), new_secret()
    Webhook(secret).verify(body, sign_message("msg_1", now(), body, [secret]), json_parse=False)


def test_both_secrets_verify_during_a_rotation() -> None:
    new, old = new_secret(), new_secret()
    said = sign_message("msg_1", now(), BODY, [new, old])
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, said) == {"type": "conversion.completed"}


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_does_not_verify(name: str) -> None:
    secret = new_secret()
    said = sign_message("msg_1", now(), BODY, [secret])
    other = sign_message("msg_2", now() - timedelta(seconds=9), BODY, [new_secret()])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, {**said, name: other[name]})


def test_a_changed_body_does_not_verify() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", sign_message("msg_1", now(), BODY, [secret]))


def test_a_secret_has_the_specified_format_and_length() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
    assert secret != new_secret()


def test_an_encrypted_secret_is_decrypted_with_its_own_key_only() -> None:
    cipher, secret = SecretCipher(Secret(secrets.token_hex())), new_secret()
    encrypted = cipher.encrypt(secret)
    assert secret not in encrypted
    assert cipher.decrypt(encrypted) == secret
    with pytest.raises(UndecryptableSecret):
        SecretCipher(Secret(secrets.token_hex())).decrypt(encrypted)
    with pytest.raises(UndecryptableSecret):
        cipher.decrypt(encrypted[:-4] + "AAAA")


def test_secrets_of_a_former_key_are_decrypted_and_encrypted_anew_with_the_first() -> None:
    old, new = secrets.token_hex(), secrets.token_hex()
    secret = new_secret()
    former = SecretCipher(Secret(old)).encrypt(secret)
    both = SecretCipher(Secret(f"{new},{old}"))
    assert both.has_former_keys
    assert both.decrypt(former) == secret
    renewed = both.renewed(former)
    assert renewed is not None
    assert both.renewed(renewed) is None
    alone = SecretCipher(Secret(new))
    assert not alone.has_former_keys
    assert alone.decrypt(renewed) == secret

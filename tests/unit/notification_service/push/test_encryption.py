"""Push messages are encrypted as RFC 8291 says, and signed as RFC 8292 says."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from notification_service.push.encryption import (
    MAX_PLAIN_BYTES,
    RECORD_BYTES,
    BrowserKeys,
    InvalidPushKeys,
    decode,
    encode,
    encrypt,
)
from notification_service.push.vapid import LIFETIME, Vapid, topic_of
from shared.settings import Secret
from tests.support.push_service import AUTH, BrowserOfTheTest, verified_claims

# RFC 8291 §5 and appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH_OF_RFC = "BTBZMqHH6r4Tts7J_aSIgg"
OWN = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK"
    "6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = Secret("k" * 32)


def test_the_example_of_the_rfc_is_encrypted_to_its_bytes() -> None:
    own = ec.derive_private_key(int.from_bytes(decode(OWN), "big"), ec.SECP256R1())
    assert encode(encrypt(PLAIN, BrowserKeys(P256DH, AUTH_OF_RFC), own=own, salt=decode(SALT))) == BODY


def test_only_the_browser_reads_a_message_and_no_two_are_alike() -> None:
    browser = BrowserOfTheTest("https://push.example.com/1")
    keys = BrowserKeys(encode(browser.point), encode(AUTH))
    one, other = encrypt(b'{"a": 1}', keys), encrypt(b'{"a": 1}', keys)
    assert one != other
    assert browser.decrypt(one) == browser.decrypt(other) == {"a": 1}


def test_the_longest_message_fills_one_record() -> None:
    keys = BrowserKeys(P256DH, AUTH_OF_RFC)
    assert len(encrypt(b"x" * MAX_PLAIN_BYTES, keys)) == RECORD_BYTES
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (MAX_PLAIN_BYTES + 1), keys)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (P256DH[:-2], AUTH_OF_RFC),
        ("A" * 87, AUTH_OF_RFC),
        (P256DH[:-1] + "!", AUTH_OF_RFC),
        (P256DH, AUTH_OF_RFC[:-2]),
        (P256DH, ""),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(InvalidPushKeys):
        BrowserKeys(p256dh, auth)


def test_a_request_is_signed_for_its_push_service_alone_and_for_half_a_day() -> None:
    vapid = Vapid(KEY, "mailto:tonegate@example.org")
    claims = verified_claims(vapid.authorization(URL("https://push.example.com:8443/send/1?x=y"), NOON))
    assert claims == {
        "aud": "https://push.example.com:8443",
        "exp": int((NOON + LIFETIME).timestamp()),
        "sub": "mailto:tonegate@example.org",
    }
    assert timedelta(hours=24) > LIFETIME


def test_the_key_is_the_same_on_every_replica_and_another_with_another_secret() -> None:
    subject = "mailto:tonegate@example.org"
    assert Vapid(KEY, subject).public_key == Vapid(Secret("k" * 32), subject).public_key
    assert Vapid(KEY, subject).public_key != Vapid(Secret("l" * 32), subject).public_key
    assert len(decode(Vapid(KEY, subject).public_key)) == 65


def test_a_topic_is_short_enough_and_one_for_each_message() -> None:
    assert len(topic_of("msg_1")) == 32  # RFC 8030 §5.4
    assert topic_of("msg_1") == topic_of("msg_1") != topic_of("msg_2")


def test_the_key_stays_that_of_the_last_secret_until_it_is_removed() -> None:
    """Browsers bind their subscriptions to the key."""
    subject = "mailto:tonegate@example.org"
    old, both = Vapid(KEY, subject), Vapid(Secret(f"{'n' * 32},{KEY.reveal()}"), subject)
    assert both.public_key == old.public_key

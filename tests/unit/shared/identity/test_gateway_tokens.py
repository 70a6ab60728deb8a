"""Services accept tokens that a configured key signed for them, and the setting accepts public keys only."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.errors import InvalidToken
from shared.identity.gateway_keys import parse_public_keys
from shared.identity.gateway_tokens import gateway_tokens
from shared.identity.key_pair import generate
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.tokens import forgeries, misissued

ISSUER = GatewayIssuer("converter_service")
# These name an unknown account or session, which only auth_service looks up.
LOOKED_UP = {"an unknown subject", "a session that never was"}


async def accepts(public_keys: str, token: str) -> bool:
    try:
        await gateway_tokens(public_keys, "converter_service").principal(token, [])
    except InvalidToken:
        return False
    return True


async def test_every_forgery_is_refused() -> None:
    true = ISSUER.token(sid="s1")
    assert await accepts(ISSUER.public_keys, true)
    wrong = {**forgeries(true, ISSUER.jwks), **misissued(true, ISSUER.key.pem.reveal())}
    accepted = {name for name, token in wrong.items() if await accepts(ISSUER.public_keys, token)}
    assert accepted == LOOKED_UP


@pytest.mark.parametrize("audience", ["auth_service", "notification_service", "tonegate", None])
async def test_another_audience_is_refused(audience: str | None) -> None:
    assert not await accepts(ISSUER.public_keys, ISSUER.token(aud=audience))


async def test_a_token_of_auth_service_is_refused_although_its_key_would_be_known() -> None:
    token = ISSUER.token(iss="http://127.0.0.1:8000", aud="tonegate")
    assert not await accepts(ISSUER.public_keys, token)


async def test_without_keys_every_token_is_refused() -> None:
    assert not await accepts("", ISSUER.token())


async def test_each_of_several_keys_verifies() -> None:
    other = GatewayIssuer("converter_service", generate())
    for text in (f"{ISSUER.public_keys}{other.public_keys}", f"{other.public_keys}\n\n{ISSUER.public_keys}"):
        assert await accepts(text.strip(), ISSUER.token())
        assert await accepts(text.strip(), other.token())
    assert not await accepts(other.public_keys, ISSUER.token())


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "text",
    [
        "a text",
        ISSUER.key.pem.reveal(),
        ISSUER.public_keys + ISSUER.key.pem.reveal(),
        ISSUER.public_keys.replace("PUBLIC", "PRIVATE"),
        ISSUER.public_keys[:60],
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
)
def test_other_texts_than_public_keys_are_no_setting(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        parse_public_keys(text)

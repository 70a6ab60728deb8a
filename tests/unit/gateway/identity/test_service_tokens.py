"""The gateway's tokens for services: their claims, their lifetime, and how often one is signed."""

import msgspec
import pytest
from jose import jwt

from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from shared.errors import InvalidToken
from shared.identity.gateway_keys import parse_public_keys
from shared.identity.gateway_tokens import (
    REFUSED,
    Audience,
    GatewayTokenRefused,
    GatewayTokens,
    UserClaims,
)
from tests.support.gateway_tokens import gateway_key, gateway_public_keys

NOON = 1_800_000_000
ANN = Principal(
    user_id="u1",
    email="ann@example.org",
    email_verified=True,
    roles=frozenset({"user", "admin"}),
    session_id="s1",
    expires_at=NOON + 900.0,
)


class Clock:
    def __init__(self) -> None:
        self.now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> ServiceTokens:
    return ServiceTokens(gateway_key(), "converter_service", now=clock)


def verifier(clock: Clock, audience: Audience = "converter_service") -> GatewayTokens:
    return GatewayTokens(parse_public_keys(gateway_public_keys()), audience, clock)


async def test_a_service_gets_the_principal(tokens: ServiceTokens, clock: Clock) -> None:
    found = await verifier(clock).principal(tokens.token_for(ANN).reveal(), ["webhooks:write"])
    assert msgspec.structs.asdict(found) == {
        name: value for name, value in msgspec.structs.asdict(ANN).items() if name != "expires_at"
    }


async def test_an_api_key_keeps_its_scopes_and_has_no_role(tokens: ServiceTokens, clock: Clock) -> None:
    key = msgspec.structs.replace(ANN, scopes=frozenset({"conversions:read"}))
    found = await verifier(clock).principal(tokens.token_for(key).reveal(), ["conversions:read"])
    assert (found.scopes, found.roles) == (frozenset({"conversions:read"}), frozenset())


async def test_no_scope_is_not_every_scope(tokens: ServiceTokens, clock: Clock) -> None:
    key = msgspec.structs.replace(ANN, scopes=frozenset())
    assert (await verifier(clock).principal(tokens.token_for(key).reveal(), [])).scopes == frozenset()


@pytest.mark.parametrize("audience", ["auth_service", "notification_service"])
async def test_another_service_refuses_it(tokens: ServiceTokens, clock: Clock, audience: Audience) -> None:
    with pytest.raises(InvalidToken):
        await verifier(clock, audience).principal(tokens.token_for(ANN).reveal(), [])


def test_a_service_whose_clock_is_an_hour_ahead_says_that_the_gateways_token_is_refused(
    tokens: ServiceTokens, clock: Clock
) -> None:
    token = tokens.token_for(ANN).reveal()
    clock.now += 3600
    with pytest.raises(GatewayTokenRefused) as refused:
        verifier(clock).verified(token, UserClaims)
    assert refused.value.headers[REFUSED] == "gateway"


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 100])
def test_what_is_no_token_of_the_gateway_is_refused_alike(clock: Clock, token: str) -> None:
    with pytest.raises(GatewayTokenRefused):
        verifier(clock).verified(token, UserClaims)


def test_one_principal_s_token_is_signed_once_in_thirty_seconds(tokens: ServiceTokens, clock: Clock) -> None:
    first = tokens.token_for(ANN)
    clock.now += 30
    assert tokens.token_for(ANN) == first
    clock.now += 1
    assert tokens.token_for(ANN) != first


def test_introspection_again_signs_nothing(tokens: ServiceTokens, clock: Clock) -> None:
    first = tokens.token_for(ANN)
    assert tokens.token_for(msgspec.structs.replace(ANN, expires_at=NOON + 905.0)) == first


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "u2"},
        {"session_id": "s2"},
        {"email": "new@example.org"},
        {"email_verified": False},
        {"roles": frozenset({"user"})},
        {"scopes": frozenset({"factors"})},
        {"scopes": frozenset()},
    ],
)
def test_another_principal_gets_another_token(tokens: ServiceTokens, change: dict[str, object]) -> None:
    assert tokens.token_for(ANN) != tokens.token_for(msgspec.structs.replace(ANN, **change))


@pytest.mark.parametrize(("left_s", "lasting_s"), [(900, 60), (60, 60), (20, 20), (1, 1)])
def test_it_lasts_a_minute_and_not_longer_than_the_caller_s_credential(
    tokens: ServiceTokens, left_s: int, lasting_s: int
) -> None:
    token = tokens.token_for(msgspec.structs.replace(ANN, expires_at=float(NOON + left_s)))
    claims = jwt.get_unverified_claims(token.reveal())
    assert (claims["iat"], claims["exp"]) == (NOON, NOON + lasting_s)


async def test_a_token_that_ends_soon_is_not_given_to_a_later_credential_of_the_session(
    tokens: ServiceTokens, clock: Clock
) -> None:
    ending = tokens.token_for(msgspec.structs.replace(ANN, expires_at=NOON + 2.0))
    clock.now += 1
    fresh = tokens.token_for(ANN)
    assert fresh != ending
    clock.now += 20
    assert await verifier(clock).principal(fresh.reveal(), [])


def test_a_token_is_not_given_to_a_credential_that_ends_before_it(tokens: ServiceTokens) -> None:
    tokens.token_for(ANN)
    short = tokens.token_for(msgspec.structs.replace(ANN, expires_at=NOON + 40.0))
    assert jwt.get_unverified_claims(short.reveal())["exp"] == NOON + 40


def test_after_the_clock_was_set_back_no_token_lasts_longer(tokens: ServiceTokens, clock: Clock) -> None:
    first = tokens.token_for(ANN)
    clock.now -= 3600
    second = tokens.token_for(ANN)
    assert second != first
    assert jwt.get_unverified_claims(second.reveal())["exp"] == NOON - 3600 + 60


def test_each_token_has_an_id(tokens: ServiceTokens, clock: Clock) -> None:
    first = jwt.get_unverified_claims(tokens.token_for(ANN).reveal())["jti"]
    clock.now += 60
    assert jwt.get_unverified_claims(tokens.token_for(ANN).reveal())["jti"] != first


def test_the_number_of_kept_tokens_is_bounded(clock: Clock) -> None:
    tokens = ServiceTokens(gateway_key(), "converter_service", capacity=3, now=clock)
    first = tokens.token_for(ANN)
    for number in range(2):
        tokens.token_for(msgspec.structs.replace(ANN, user_id=str(number)))
    assert tokens.token_for(ANN) == first
    for number in range(10):
        tokens.token_for(msgspec.structs.replace(ANN, user_id=str(number)))
    assert len(tokens) == 3
    assert tokens.token_for(ANN) != first

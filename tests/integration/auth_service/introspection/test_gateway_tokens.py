"""Requests to auth_service are authenticated by the gateway's tokens only, and their session is looked up."""

import pytest

from shared.identity.gateway_tokens import ISSUER, Audience
from shared.identity.key_pair import generate
from shared.logs import configure
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica, running, settings
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.tokens import forgeries, misissued

# Calls that take the principal by the dependency, and one that asks for it itself.
CALLS = [("GET", "auth/me"), ("GET", "auth/sessions"), ("POST", "auth/email/resend")]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_client_s_own_token_is_refused(auth: Replica, method: str, path: str) -> None:
    person = await auth.person()
    answer = await auth.call_directly(method, path, person.access_token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert await person.is_signed_in()


async def test_an_api_key_itself_is_refused(auth: Replica) -> None:
    made = (await (await auth.person()).call("POST", "auth/api-keys", name="ci")).json()
    assert (await auth.call_directly("GET", "auth/me", made["key"])).status_code == 401


async def signed_out(person: Person) -> None:
    assert (await person.replica.logout(person.access_token)).status_code == 204


async def deleted(person: Person) -> None:
    assert (await person.call("DELETE", "auth/me", password=PASSWORD)).status_code == 204


@pytest.mark.parametrize("end", [signed_out, deleted])
async def test_a_gateway_s_token_ends_with_its_session(auth: Replica, end: object) -> None:
    assert callable(end)
    person = await auth.person()
    token = await auth.exchanged(person.access_token)
    assert (await auth.call_directly("GET", "auth/me", token)).status_code == 200
    await end(person)
    assert (await auth.call_directly("GET", "auth/me", token)).status_code == 401


async def test_a_gateway_s_token_expires_within_a_minute(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    token = await auth.exchanged(person.access_token)
    clock.advance(seconds=59)
    assert (await auth.call_directly("GET", "auth/me", token)).status_code == 200
    clock.advance(seconds=1)
    assert (await auth.call_directly("GET", "auth/me", token)).status_code == 401
    assert await person.is_signed_in()


@pytest.mark.parametrize("audience", ["converter_service", "notification_service", "tonegate"])
async def test_a_token_for_another_service_is_refused(
    auth: Replica, clock: Clock, audience: Audience
) -> None:
    person = await auth.person()
    claims = (await auth.introspect(person.access_token)).json()
    for aud, status in {"auth_service": 200, audience: 401}.items():
        token = GatewayIssuer("auth_service").token(**{**claims, "iss": ISSUER, "aud": aud})
        assert (await auth.call_directly("GET", "auth/me", token)).status_code == status


async def test_forged_gateway_tokens_are_refused(auth: Replica, clock: Clock) -> None:
    person, issuer = await auth.person(), GatewayIssuer("auth_service")
    true = await auth.exchanged(person.access_token)
    wrong = {**forgeries(true, issuer.jwks), **misissued(true, issuer.key.pem.reveal())}
    # The clock of the replica is behind that of these two, which expired on another one.
    for name, token in wrong.items():
        if name not in {"expired", "not yet valid"}:
            assert (await auth.call_directly("GET", "auth/me", token)).status_code == 401, name


async def test_without_keys_every_token_is_refused_and_the_log_says_so(
    postgres_url: str, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("warning", "json", "test")
    async with running(settings(postgres_url, gateway_public_keys=""), clock) as replica:
        await replica.ready()
        person = await replica.person()
        assert (await replica.me(person.access_token)).status_code == 401
    assert "GATEWAY_PUBLIC_KEYS is not set: every token is refused" in capsys.readouterr().out


async def test_a_replaced_key_is_accepted_while_it_is_configured(postgres_url: str, clock: Clock) -> None:
    new, old = GatewayIssuer("auth_service", generate()), GatewayIssuer("auth_service")
    both = f"{new.public_keys}\n{old.public_keys}"
    async with running(settings(postgres_url, gateway_public_keys=both), clock) as replica:
        await replica.ready()
        person = await replica.person()
        assert (await replica.me(person.access_token)).status_code == 200

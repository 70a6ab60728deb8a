"""Services get a token of the gateway's own, and never what the client has sent."""

import pytest

from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig
from tests.integration.gateway.services import ReceivedRequest, ServiceStub

CALLS = [
    ("/v1/auth/sessions", "auth", "auth_service"),
    ("/v1/conversions", "converter", "converter_service"),
    ("/v1/webhooks", "notification", "notification_service"),
]


def stub(rig: Rig, service: str) -> ServiceStub:
    found: ServiceStub = getattr(rig, service)
    return found


async def call(rig: Rig, path: str) -> int:
    async with rig.http.get(rig.url + path, headers=SIGNED_IN) as answer:
        return answer.status


@pytest.mark.parametrize(("path", "service", "audience"), CALLS)
async def test_each_service_gets_a_token_for_itself(rig: Rig, path: str, service: str, audience: str) -> None:
    await call(rig, path)
    seen = stub(rig, service).seen[-1]
    claims = seen.claims(audience)  # type: ignore[arg-type]  # one of them
    assert {name: claims[name] for name in ("sub", "sid", "roles", "email")} == {
        "sub": "u1",
        "sid": "s1",
        "roles": ["user"],
        "email": "a@example.com",
    }
    assert claims["exp"] - claims["iat"] <= 60
    assert not [value for _, value in seen.headers if TOKEN in value.split()]


async def test_many_requests_of_a_caller_have_the_same_token(rig: Rig) -> None:
    for _ in range(5):
        assert await call(rig, "/v1/conversions") == 202
    assert len({seen.header("authorization") for seen in rig.converter.seen}) == 1


@pytest.mark.parametrize(("path", "service", "audience"), CALLS[1:])
async def test_a_refused_token_of_the_gateway_is_not_the_client_s_fault(
    rig: Rig, path: str, service: str, audience: str
) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(401, "unauthenticated", **{"www-authenticate": "Bearer"})

    stub(rig, service).script = refuse
    async with rig.http.get(rig.url + path, headers=SIGNED_IN) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
        assert "WWW-Authenticate" not in answer.headers
    assert stub(rig, service).seen[-1].claims(audience)  # type: ignore[arg-type]  # one of them


async def test_requests_that_need_no_token_have_none(rig: Rig) -> None:
    link = "/v1/conversions/c1/audio?expires=1&signature=s"
    async with rig.http.get(rig.url + link, headers=SIGNED_IN) as answer:
        assert answer.status == 202
    assert "authorization" not in rig.converter.seen[-1].names

"""What somebody with bad intentions would try, one row each: tokens, other people's things, roles."""

import httpx
import pytest

from tests.support.client import PASSWORD, Person, signed_in
from tests.support.media import Media
from tests.support.tokens import forgeries

KINDS = (
    "alg none",
    "signed with another key",
    "expired",
    "another audience",
    "HS256",
    "HS256 with the key's coordinates",
    "RS256",
    "alg nOnE",
    "no signature",
    "a signature of zeros",
    "another kid",
    "a kid that is a path",
    "no kid",
    "a key of its own",
    "a type that is no text",
    "a key id that is no text",
    "a header without an end",
    "a header that is no object",
    "the address of a key",
    "another typ",
    "another issuer",
    "another person",
    "an administrator",
    "not yet valid",
    "critical fields",
    "four parts",
    "two tokens",
)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_forged_token_is_refused(person: Person, http: httpx.AsyncClient, kind: str) -> None:
    keys = (await http.get("/.well-known/jwks.json")).json()
    forged = forgeries(person.tokens["access_token"], keys)[kind]
    answer = await http.get("/v1/conversions", headers={"Authorization": f"Bearer {forged}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_no_kind_of_forgery_is_left_out(person: Person, http: httpx.AsyncClient) -> None:
    keys = (await http.get("/.well-known/jwks.json")).json()
    assert set(forgeries(person.tokens["access_token"], keys)) == set(KINDS)


async def test_a_refresh_token_is_no_access_token(person: Person, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {person.tokens['refresh_token']}"}
    assert (await http.get("/v1/conversions", headers=headers)).status_code == 401


async def test_what_belongs_to_somebody_else_is_not_there_on_any_route_with_an_id(
    person: Person, http: httpx.AsyncClient, media: Media
) -> None:
    """Every one that the document names, so that none is forgotten when it is added."""
    accepted = await person.upload(media.video(seconds=1))
    theirs = (await person.finished(accepted.json()["id"]))["id"]
    stranger = await signed_in(http)
    tried = 0
    for path, item in (await http.get("/schema/openapi.json")).json()["paths"].items():
        for method in item if "{conversion_id}" in path else ():
            for identity, status in ((theirs, 404), ("0" * 32, 404)):
                answer = await stranger.request(method.upper(), path.format(conversion_id=identity))
                assert answer.status_code == status, (method, path)
                tried += 1
    assert tried >= 8
    assert stranger.email not in (await person.get(f"/v1/conversions/{theirs}")).text
    assert (await stranger.get("/v1/conversions")).json()["items"] == []
    assert (await person.audio(theirs)).status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"roles": ["admin"]},
        {"role": "admin"},
        {"is_admin": True},
        {"email_verified": True},
        {"id": "00000000-0000-0000-0000-000000000000"},
        {"disabled": False},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_nobody_gives_themselves_more_than_an_account(
    http: httpx.AsyncClient, more: dict[str, object]
) -> None:
    person = Person(http)
    body = {"email": person.email, "password": PASSWORD, **more}
    answer = await http.post("/v1/auth/register", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await person.sign_in()).status_code == 401


async def test_a_twin_of_a_field_changes_nothing(http: httpx.AsyncClient) -> None:
    person = Person(http)
    twins = f'{{"email":"{person.email}","password":"{PASSWORD}","roles":["admin"],"roles":["user"]}}'
    answer = await http.post("/v1/auth/register", content=twins, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    (await person.register()).raise_for_status()
    (await person.sign_in()).raise_for_status()
    assert (await person.get("/v1/auth/me")).json()["roles"] == ["user"]


async def test_the_same_upload_twice_is_one_conversion(person: Person, media: Media) -> None:
    video = media.video(seconds=1)
    answers = [
        await person.request(
            "POST",
            "/v1/conversions",
            params={"filename": "a.mp4"},
            content=video.read_bytes(),
            headers={"Content-Type": "video/mp4", "Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    other = await person.request(
        "POST",
        "/v1/conversions",
        params={"filename": "b.mp4"},
        content=video.read_bytes(),
        headers={"Content-Type": "video/mp4", "Idempotency-Key": "one"},
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await person.get("/v1/conversions")).json()["items"]) == 1

"""Attacks, one test each: forged tokens, resources of other accounts, roles."""

import httpx
import pytest
from sqlalchemy import text

from auth_service.database.connection import one_connection
from auth_service.database.encryption import DataCipher
from shared.settings import Secret
from tests.support.client import PASSWORD, Person
from tests.support.media import Media
from tests.support.system import System
from tests.support.tokens import claims_of, forgeries, key_id, misissued

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


async def test_every_kind_of_forgery_is_covered(person: Person, http: httpx.AsyncClient) -> None:
    keys = (await http.get("/.well-known/jwks.json")).json()
    assert set(forgeries(person.tokens["access_token"], keys)) == set(KINDS)


async def test_a_refresh_token_is_no_access_token(person: Person, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {person.tokens['refresh_token']}"}
    assert (await http.get("/v1/conversions", headers=headers)).status_code == 401


async def test_a_revoked_token_is_refused(person: Person) -> None:
    revoked = person.headers
    assert (await person.sign_out()).status_code == 204
    answer = await person.http.get("/v1/conversions", headers=revoked)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert (await person.refresh()).status_code == 401


MISISSUED = (
    "expired",
    "never expires",
    "not yet valid",
    "another issuer",
    "no issuer",
    "another audience",
    "no audience",
    "an ID token",
    "the address of a key",
    "a key of its own",
    "no subject",
    "an unknown subject",
    "a session that never was",
)


@pytest.mark.parametrize("kind", MISISSUED)
async def test_a_token_signed_by_our_own_key_for_another_purpose_is_refused(
    person: Person, http: httpx.AsyncClient, system: System, kind: str
) -> None:
    """The signature is valid, so only the claim can be the reason."""
    true = person.tokens["access_token"]
    wrong = misissued(true, await signing_key(system, key_id(true)))
    assert set(wrong) == set(MISISSUED)
    for path in ("/v1/auth/me", "/v1/conversions"):  # auth_service and the converter verify independently
        answer = await http.get(path, headers={"Authorization": f"Bearer {wrong[kind]}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def signing_key(system: System, kid: str) -> str:
    """The private key, from auth_service's database and with its key."""
    cipher = DataCipher(Secret(system.stack.settings()["AUTH_DATA_KEYS"]))
    async with one_connection(Secret(system.stack.postgres.url()), command_s=10) as connection:
        found = text("SELECT private_key FROM auth.signing_keys WHERE kid = :kid")
        sealed = (await connection.execute(found, {"kid": kid})).scalar_one()
    return cipher.decrypt(sealed, f"signing_keys/{kid}").decode()


async def test_a_spent_refresh_token_ends_its_session_and_no_other(person: Person) -> None:
    other = Person(person.http, person.email)
    assert (await other.sign_in()).status_code == 200
    stolen = Person(person.http, person.email, tokens=person.tokens)
    for _ in range(2):
        assert (await person.refresh()).status_code == 200
    assert (await stolen.refresh()).status_code == 401
    assert (await person.refresh()).status_code == 401
    assert (await person.get("/v1/conversions")).status_code == 401
    assert (await other.get("/v1/conversions")).status_code == 200


@pytest.mark.parametrize(
    "planted",
    [
        {"Cookie": "session=chosen; sid=chosen; access_token=chosen"},
        {"X-Session-ID": "chosen"},
        {"Authorization": "Bearer chosen"},
    ],
    ids=lambda planted: next(iter(planted)),
)
async def test_every_login_creates_a_new_session(person: Person, planted: dict[str, str]) -> None:
    """Session fixation (ASVS 5.0 §7.2.4): identifiers sent by the client are never used."""
    body = {"email": person.email, "password": PASSWORD}
    answers = [await person.http.post("/v1/auth/login", json=body, headers=planted) for _ in range(2)]
    tokens = [answer.raise_for_status().json() for answer in answers]
    sessions = {claims_of(each["access_token"])["sid"] for each in (person.tokens, *tokens)}
    assert len(sessions) == 3
    assert "chosen" not in "".join(answer.text for answer in answers)
    assert [answer.headers.get_list("set-cookie") for answer in answers] == [[], []]
    cookie = planted.get("Cookie", f"access_token={tokens[0]['access_token']}")
    assert (await person.http.get("/v1/conversions", headers={"Cookie": cookie})).status_code == 401


ASKING = {
    "signing in": ("/v1/auth/login", {"password": "not the password"}, 401),
    "forgetting a password": ("/v1/auth/password/forgot", {}, 202),
    "asking for a verification": ("/v1/auth/email/resend", {}, 202),
}


@pytest.mark.parametrize("asking", ASKING)
async def test_no_response_reveals_whether_an_address_has_an_account(person: Person, asking: str) -> None:
    """ASVS 5.0 §6.3.8. Registration reveals it and is rate-limited."""
    path, body, status = ASKING[asking]
    unknown = Person(person.http).email
    answers = [
        await person.http.post(path, json={"email": email, **body}) for email in (person.email, unknown)
    ]
    assert [answer.status_code for answer in answers] == [status, status]
    own, other = (seen(answer) for answer in answers)
    assert own == other


def seen(answer: httpx.Response) -> tuple[dict[str, str], dict[str, object]]:
    """Returns headers and body without the parts that differ in every response."""
    passing = {"x-request-id", "date", "ratelimit", "ratelimit-policy", "content-length"}
    headers = {name: value for name, value in answer.headers.items() if name not in passing}
    body = answer.json() if answer.content else {}
    return headers, {name: value for name, value in body.items() if name != "request_id"}


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
async def test_registration_with_additional_fields_is_refused(
    http: httpx.AsyncClient, more: dict[str, object]
) -> None:
    person = Person(http)
    body = {"email": person.email, "password": PASSWORD, **more}
    answer = await http.post("/v1/auth/register", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await person.sign_in()).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/v1/auth/me", {"roles": ["admin"]}),
        ("PATCH", "/v1/auth/me", {"email_verified": True}),
        ("PATCH", "/v1/auth/me", {"disabled": False}),
        ("PATCH", "/v1/auth/me", {"id": "00000000-0000-0000-0000-000000000000"}),
        ("POST", "/v1/auth/login", {"roles": ["admin"]}),
        ("POST", "/v1/auth/refresh", {"roles": ["admin"]}),
        ("POST", "/v1/auth/api-keys", {"scopes": ["admin"]}),
        ("POST", "/v1/auth/api-keys", {"roles": ["admin"]}),
        ("POST", "/v1/auth/api-keys", {"user_id": "00000000-0000-0000-0000-000000000000"}),
        ("POST", "/v1/auth/password/change", {"roles": ["admin"]}),
        ("POST", "/v1/auth/email/verify", {"roles": ["admin"]}),
    ],
)
async def test_additional_fields_cannot_raise_privileges(
    person: Person, method: str, path: str, body: dict[str, object]
) -> None:
    """Adds a field to an otherwise valid body, so that it is the only reason (ASVS 5.0 §15.3.3)."""
    whole = {
        "/v1/auth/me": {"email": person.email, "current_password": PASSWORD},
        "/v1/auth/login": {"email": person.email, "password": PASSWORD},
        "/v1/auth/refresh": {"refresh_token": person.tokens["refresh_token"]},
        "/v1/auth/api-keys": {"name": "mine"},
        "/v1/auth/password/change": {"current_password": PASSWORD, "password": "another horse altogether"},
        "/v1/auth/email/verify": {"token": "A" * 43},
    }
    answer = await person.request(method, path, json={**whole[path], **body})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["field"].partition("[")[0] in body
    me = (await person.get("/v1/auth/me")).json()
    assert (me["roles"], me["email_verified"]) == (["user"], False)
    assert (await person.get("/v1/admin/users")).status_code == 403


@pytest.mark.parametrize("path", ["/internal/introspect", "/metrics", "/v1/internal/introspect"])
async def test_internal_routes_are_unreachable_even_with_the_services_secret(
    system: System, http: httpx.AsyncClient, path: str
) -> None:
    """ASVS 5.0 §13.4.5. Variants of path encoding have a suite of their own on raw sockets."""
    secret = system.stack.settings()["AUTH_INTROSPECTION_SECRET"]
    for method in ("GET", "POST"):
        answer = await http.request(method, path, auth=("gateway", secret), data={"token": "x"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_duplicate_field_is_refused(http: httpx.AsyncClient) -> None:
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

"""Registration: response body, refused requests, concurrent registrations."""

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Replica, bearer, running, settings
from tests.support.messaging import MemoryBroker

EMAIL = "Ada.Lovelace@Example.com"
INTERNATIONAL = ("user@bücher.example", "user@xn--bcher-kva.example", " User@BU\u0308CHER.example\t")
# How accounts that were made with these addresses show them.
SHOWN = dict(zip(INTERNATIONAL, (INTERNATIONAL[0], INTERNATIONAL[1], "User@bücher.example"), strict=True))


async def test_a_new_account_is_described(auth: Replica, clock: Clock) -> None:
    answer = await auth.register(EMAIL)
    assert answer.status_code == 201
    body = answer.json()
    assert datetime.fromisoformat(body.pop("created_at")) == clock.now()
    assert len(body.pop("id")) == 36
    assert body == {"email": EMAIL, "roles": ["user"], "email_verified": False}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("again", [EMAIL, EMAIL.lower(), EMAIL.upper()])
async def test_an_address_is_taken_once_in_whatever_case(auth: Replica, again: str) -> None:
    await auth.register(EMAIL)
    answer = await auth.register(again, "another password altogether")
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await auth.login(EMAIL)).status_code == 200


@pytest.mark.parametrize("first", INTERNATIONAL)
async def test_an_international_address_is_one_account_in_all_its_forms(
    auth: Replica, mails: AccountMails, first: str
) -> None:
    made = await auth.register(first)
    assert (made.status_code, made.json()["email"]) == (201, SHOWN[first])
    for form in INTERNATIONAL:
        assert (await auth.register(form)).status_code == 409
        assert (await auth.login(form)).status_code == 200
    await auth.post("password/forgot", email=INTERNATIONAL[-1])
    secret = await mails.reset(SHOWN[first])
    answer = await auth.post("password/reset", token=secret, password="another correct horse")
    assert answer.status_code == 204
    assert (await auth.login(INTERNATIONAL[0], "another correct horse")).status_code == 200


async def test_blanks_around_an_address_are_ignored_wherever_one_is_taken(
    auth: Replica, mails: AccountMails
) -> None:
    assert (await auth.register(f" {EMAIL}\t")).json()["email"] == EMAIL
    tokens = (await auth.login(f"\u00a0{EMAIL} ")).json()
    changed = await auth.call(
        "PATCH", "auth/me", tokens["access_token"], email=" jörg@new.example ", current_password=PASSWORD
    )
    assert changed.json()["pending_email"] == "jörg@new.example"
    await auth.post("password/forgot", email=f"\t{EMAIL} ")
    assert await mails.reset(EMAIL)


async def test_of_many_concurrent_registrations_of_one_address_one_succeeds(
    auth: Replica, second: Replica
) -> None:
    answers = await asyncio.gather(*(replica.register(EMAIL) for replica in (auth, second) * 5))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert {answer.json().get("code") for answer in answers} == {None, "email_taken"}


@pytest.mark.parametrize(
    "weak", ["short", "password123", EMAIL.lower(), "        ", "ada.lovelace", "Welcome2024!"]
)
async def test_a_weak_password_is_refused(auth: Replica, weak: str) -> None:
    answer = await auth.register(EMAIL, weak)
    assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    assert answer.json()["errors"][0]["field"] == "password"


async def test_a_password_of_128_characters_is_kept_whole(auth: Replica) -> None:
    words = ("correct horse battery staple " * 5)[:127]
    assert (await auth.register(EMAIL, words + "y")).status_code == 201
    assert (await auth.login(EMAIL, words + "y")).status_code == 200
    assert (await auth.login(EMAIL, words + "z")).status_code == 401


async def test_a_breached_password_is_refused_where_the_operator_has_a_list(
    postgres_url: str, clock: Clock, broker: MemoryBroker, tmp_path: Path
) -> None:
    listed = tmp_path / "breached.txt"
    listed.write_text(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest() + ":4\n")
    configured = settings(postgres_url, breached_passwords=str(listed))
    async with running(configured, clock, broker) as auth:
        await auth.ready()
        refused = await auth.register(EMAIL, PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (422, "weak_password")
        assert (await auth.register(EMAIL, "another correct horse")).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": PASSWORD}, "email"),
        ({"email": EMAIL}, "password"),
        ({"email": "not an address", "password": PASSWORD}, "email"),
        ({"email": "ada@example.com\nBcc: eve@example.com", "password": PASSWORD}, "email"),
        ({"email": "ada\x00@example.com", "password": PASSWORD}, "email"),
        ({"email": "a" * 300 + "@example.com", "password": PASSWORD}, "email"),
        ({"email": ["ada@example.com"], "password": PASSWORD}, "email"),
        ({"email": None, "password": PASSWORD}, "email"),
        ({"email": EMAIL, "password": 12345678}, "password"),
        ({"email": EMAIL, "password": "x" * 1025}, "password"),
        ({"email": EMAIL, "password": "ü" * 513}, "password"),
        ({"email": EMAIL, "password": PASSWORD, "roles": ["admin"]}, "roles"),
        ({"email": EMAIL, "password": PASSWORD, "email_verified": True}, "email_verified"),
        ({"email": EMAIL, "password": PASSWORD, "id": "1"}, "id"),
    ],
)
async def test_a_bad_field_is_named_and_no_account_is_made(
    auth: Replica, body: dict[str, object], field: str
) -> None:
    answer = await auth.post("register", **body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_request"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await auth.register(EMAIL)).status_code == 201


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 10_000, b'{"email": "\\ud800"}']
)
async def test_what_is_not_a_json_object_is_refused(auth: Replica, body: bytes) -> None:
    answer = await auth.http.post(
        "/v1/auth/register", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_body_of_megabytes_is_refused(auth: Replica) -> None:
    answer = await auth.register(EMAIL, "x" * 2_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_the_account_is_shown_to_its_owner(auth: Replica) -> None:
    registered = (await auth.register(EMAIL)).json()
    tokens = (await auth.login(EMAIL)).json()
    answer = await auth.http.get("/v1/auth/me", headers=bearer(tokens["access_token"]))
    assert (answer.status_code, answer.json()) == (200, {**registered, "pending_email": None})
    assert answer.headers["Cache-Control"] == "no-store"

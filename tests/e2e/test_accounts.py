"""Accounts through the whole system: changes, mails, API keys, administrators."""

import asyncio
import secrets
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.client import PASSWORD, Person, signed_in
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.system import System
from tests.support.wait import until

NEW = "another password altogether"
CONFIRM, CHOOSE = "Confirm your address", "Choose a new password"


async def test_a_password_change_ends_all_other_sessions_at_the_gateway(
    person: Person, mailbox: Mailbox
) -> None:
    other = await elsewhere(person)
    assert (await other.get("/v1/conversions")).status_code == 200
    changed = await person.post("/v1/auth/password/change", current_password=PASSWORD, password=NEW)
    assert changed.status_code == 204
    await is_out(other)
    assert (await person.get("/v1/conversions")).status_code == 200
    await mailbox.next_about_account(person.email, "Your password was changed")
    assert (await other.refresh()).status_code == 401
    assert (await person.sign_in()).status_code == 401
    person.password = NEW
    assert (await person.sign_in()).status_code == 200


async def test_a_forgotten_password_is_reset_by_mail(person: Person, mailbox: Mailbox) -> None:
    for address in (person.email, "nobody@example.org"):
        asked = await person.http.post("/v1/auth/password/forgot", json={"email": address})
        assert (asked.status_code, asked.content) == (202, b"")
    secret = await mailed_secret(person, mailbox, CHOOSE, "/reset-password")
    reset = {"token": secret, "password": NEW}
    assert (await person.http.post("/v1/auth/password/reset", json=reset)).status_code == 204
    await is_out(person)
    person.password = NEW
    assert (await person.sign_in()).status_code == 200
    assert (await person.get("/v1/auth/me")).json()["email_verified"] is True, "the mail proved the address"
    assert (await person.http.post("/v1/auth/password/reset", json=reset)).status_code == 400


async def test_an_address_is_verified_by_a_requested_mail(person: Person, mailbox: Mailbox) -> None:
    assert (await person.get("/v1/auth/me")).json()["email_verified"] is False
    assert (await person.post("/v1/auth/email/resend")).status_code == 202
    secret = await mailed_secret(person, mailbox, CONFIRM, "/verify-email")
    verified = await person.http.post("/v1/auth/email/verify", json={"token": secret, "password": PASSWORD})
    assert (verified.status_code, verified.content) == (204, b"")
    assert (await person.get("/v1/auth/me")).json()["email_verified"] is True
    assert len(mailbox.to(person.email)) == 1, "registering alone brings no mail"


async def test_sessions_are_listed_and_ended_by_their_owner(person: Person) -> None:
    other = await elsewhere(person, agent="phone/2.0")
    assert (await other.get("/v1/conversions")).status_code == 200
    listed = (await person.get("/v1/auth/sessions")).json()["items"]
    [phone] = [each for each in listed if not each["current"]]
    assert (phone["user_agent"], phone["address"]) == ("phone/2.0", "127.0.0.1")
    assert (await person.request("DELETE", f"/v1/auth/sessions/{phone['id']}")).status_code == 204
    assert (await other.get("/v1/conversions")).status_code == 401
    assert [each["current"] for each in (await person.get("/v1/auth/sessions")).json()["items"]] == [True]
    unknown = await person.request("DELETE", f"/v1/auth/sessions/{phone['id']}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_a_program_uploads_and_reads_with_an_api_key(person: Person, media: Media) -> None:
    made = (await person.post("/v1/auth/api-keys", name="nightly")).json()
    program = holding(person, made["key"])
    uploaded = await program.upload(media.video(seconds=1))
    assert uploaded.status_code == 202
    done = await program.finished(uploaded.json()["id"])
    assert done["status"] == "completed"
    assert (await program.audio(done["id"])).status_code == 200
    assert (await person.conversion(done["id"]))["status"] == "completed", "it is the owner's"

    assert made["key"] not in (await person.get("/v1/auth/api-keys")).text
    assert (await person.request("DELETE", f"/v1/auth/api-keys/{made['id']}")).status_code == 204
    assert (await program.get("/v1/conversions")).status_code == 401


@pytest.mark.parametrize(
    ("scope", "reads", "uploads"), [("conversions:read", 200, 403), ("conversions:write", 403, 202)]
)
async def test_an_api_key_is_limited_to_its_scopes(
    person: Person, media: Media, scope: str, reads: int, uploads: int
) -> None:
    made = await person.post("/v1/auth/api-keys", name="narrow", scopes=[scope])
    program = holding(person, made.json()["key"])
    answers = [await program.get("/v1/conversions"), await program.upload(media.video(seconds=1))]
    assert [answer.status_code for answer in answers] == [reads, uploads]
    [refused] = [answer for answer in answers if answer.status_code == 403]
    assert refused.json()["code"] == "forbidden"
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    for path in ("/v1/auth/me", "/v1/auth/api-keys", "/v1/admin/users"):
        assert (await program.get(path)).status_code == 403


async def test_a_deleted_account_leaves_no_data(person: Person, media: Media, system: System) -> None:
    uploaded = await person.upload(media.video(seconds=1))
    identity = (await person.finished(uploaded.json()["id"]))["id"]
    made = await person.post("/v1/auth/api-keys", name="mine")
    program = holding(person, made.json()["key"])
    assert (await program.get("/v1/conversions")).status_code == 200

    wrong = await person.request("DELETE", "/v1/auth/me", json={"password": "not this one"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert (await person.request("DELETE", "/v1/auth/me", json={"password": PASSWORD})).status_code == 204
    assert (await person.get("/v1/conversions")).status_code == 401
    assert (await program.get("/v1/conversions")).status_code == 401
    assert (await person.sign_in()).status_code == 401
    await until(lambda: not system.has_conversion(identity), what="the conversion is gone")
    assert (await person.register()).status_code == 201, "the address is free again"


async def test_a_disabled_account_is_refused_at_once(system: System, http: httpx.AsyncClient) -> None:
    admin = Person(http)
    await asyncio.to_thread(system.command, "auth", "create-admin", admin.email, AUTH_ADMIN_PASSWORD=PASSWORD)
    assert (await admin.sign_in()).status_code == 200
    person = await signed_in(http)
    assert (await person.get("/v1/conversions")).status_code == 200

    [found] = (await admin.get("/v1/admin/users", params={"email": person.email})).json()["items"]
    assert (found["email"], found["disabled"]) == (person.email, False)
    path = f"/v1/admin/users/{found['id']}"
    refused = await person.request("PATCH", path, json={"roles": ["user", "admin"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    disabled = await admin.request("PATCH", path, json={"disabled": True})
    assert (disabled.status_code, disabled.json()["disabled"]) == (200, True)
    await is_out(person)
    assert (await person.sign_in()).status_code == 401
    entries = (await admin.get("/v1/admin/audit", params={"limit": 20})).json()["items"]
    [entry] = [each for each in entries if each["subject_id"] == found["id"]]
    assert (entry["action"], entry["address"]) == ("user_changed", "127.0.0.1")
    assert entry["request_id"] == disabled.headers["x-request-id"]

    assert (await admin.request("PATCH", path, json={"disabled": False})).status_code == 200
    assert (await person.sign_in()).status_code == 200


async def elsewhere(person: Person, agent: str = "test/1.0") -> Person:
    """A second session of the same account."""
    other = Person(person.http, person.email, person.password)
    body = {"email": other.email, "password": other.password}
    answer = await person.http.post("/v1/auth/login", json=body, headers={"User-Agent": agent})
    other.tokens = answer.raise_for_status().json()
    return other


def holding(person: Person, key: str) -> Person:
    """A client with this API key."""
    return Person(person.http, person.email, tokens={"access_token": key})


async def is_out(person: Person) -> None:
    """Checks revocation, not expiry: token caches outlast the wait."""

    async def refused() -> bool:
        return (await person.get("/v1/conversions")).status_code == 401

    await until(refused, what="the session is refused")


async def mailed_secret(person: Person, mailbox: Mailbox, subject: str, path: str) -> str:
    """Returns the token in the mail's link; the linked page must exist."""
    mail = await mailbox.next_about_account(person.email, subject)
    link = urlsplit(link_in(mail))
    assert link.path == path
    page = await person.http.get(link.path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return link.fragment.removeprefix("token=")


async def test_an_international_address_is_one_account_and_gets_its_mails(
    http: httpx.AsyncClient, mailbox: Mailbox, media: Media
) -> None:
    name = secrets.token_hex(6)
    local, ascii_form = f"jörg-{name}", f"jörg-{name}@xn--bcher-kva.example"
    person = Person(http, f" {local}@bücher.example ")
    made = await person.register()
    assert (made.status_code, made.json()["email"]) == (201, f"{local}@bücher.example")
    assert (await Person(http, ascii_form).register()).status_code == 409
    again = Person(http, ascii_form)
    assert (await again.sign_in()).status_code == 200
    done = await again.finished((await again.upload(media.video(seconds=1))).json()["id"])
    assert done["status"] == "completed"
    [mail] = await mailbox.next_to(name)
    assert str(mail["To"]).endswith(f"{name}@xn--bcher-kva.example")

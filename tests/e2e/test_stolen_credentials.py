"""Attacks with a stolen access token or a narrow API key, and the same calls by the account's owner."""

from typing import Any

import httpx
import pytest

from tests.support.client import PASSWORD, Person, signed_in
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.proofs import let_proofs_lapse
from tests.support.system import System
from tests.support.wait import until
from tests.support.webhooks import receiver

NEW = "another password altogether"
HOOK = "https://example.com/hook"


def with_key(person: Person, key: str) -> Person:
    return Person(person.http, person.email, tokens={"access_token": key})


async def key_with(person: Person, *scopes: str) -> Person:
    made = await person.post("/v1/auth/api-keys", name="ci", scopes=list(scopes))
    return with_key(person, made.raise_for_status().json()["key"])


SENSITIVE: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/auth/api-keys", {"name": "ci"}),
    ("POST", "/v1/webhooks", {"url": HOOK}),
    ("PATCH", "/v1/auth/me", {"email": "thief@example.org"}),
    ("DELETE", "/v1/auth/identities/0123456789abcdef0123456789abcdef", {}),
    ("DELETE", "/v1/auth/sessions/00000000-0000-0000-0000-000000000000", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_a_stolen_token_alone_makes_nothing_that_outlives_it(
    person: Person, system: System, method: str, path: str, body: dict[str, Any]
) -> None:
    await let_proofs_lapse(system)
    refused = await person.request(method, path, json=body or None)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    guessed = await person.request(method, path, json={**body, "current_password": "a guess of mine"})
    assert guessed.json()["code"] == "invalid_credentials"
    proven = await person.request(method, path, json={**body, "current_password": PASSWORD})
    assert proven.status_code in {200, 201, 404}, "404 for what is not there"
    again = await person.request(method, path, json=body or None)
    assert again.status_code in {200, 201, 404}, "the password has proven the session"


async def test_a_moved_webhook_needs_a_proof_and_other_changes_do_not(
    person: Person, system: System, mailbox: Mailbox
) -> None:
    hook = (await person.post("/v1/webhooks", url=HOOK)).raise_for_status().json()
    await mailbox.next_about_account(person.email, "A webhook was created")
    await let_proofs_lapse(system)
    path = f"/v1/webhooks/{hook['id']}"
    for call in (
        person.request("PATCH", path, json={"url": f"{HOOK}/elsewhere"}),
        person.post(f"{path}/secret"),
    ):
        assert (await call).json()["code"] == "proof_required"
    assert (await person.get(path)).json()["url"] == HOOK
    assert (await person.request("PATCH", path, json={"status": "disabled"})).status_code == 200
    assert (await person.post("/v1/auth/proof", password=PASSWORD)).status_code == 204
    moved = await person.request("PATCH", path, json={"url": f"{HOOK}/elsewhere"})
    assert (moved.status_code, moved.json()["url"]) == (200, f"{HOOK}/elsewhere")
    assert (await person.post(f"{path}/secret")).json()["secret"].startswith("whsec_")


async def test_a_password_reset_ends_a_thief_s_keys_and_webhooks(person: Person, mailbox: Mailbox) -> None:
    await verify(person, mailbox)
    thief = await key_with(person, "conversions:read", "webhooks:read", "webhooks:write")
    await mailbox.next_about_account(person.email, "An API key was created")
    assert (await thief.post("/v1/webhooks", url=HOOK)).status_code == 201
    await reset(person, mailbox)
    assert (await person.get("/v1/auth/api-keys")).json()["items"] == []

    async def refused() -> bool:
        return (await thief.get("/v1/conversions")).status_code == 401

    async def no_webhooks() -> bool:
        return not (await person.get("/v1/webhooks")).json()["items"]

    await until(refused, what="the key is refused")
    await until(no_webhooks, what="the webhook is deleted")


async def test_a_reset_keeps_what_the_request_keeps(person: Person, mailbox: Mailbox) -> None:
    await verify(person, mailbox)
    program = await key_with(person, "conversions:read")
    assert (await person.post("/v1/webhooks", url=HOOK)).status_code == 201
    await reset(person, mailbox, keep_api_keys=True, keep_webhooks=True)
    assert (await program.get("/v1/conversions")).status_code == 200
    assert len((await person.get("/v1/webhooks")).json()["items"]) == 1


async def test_the_webhooks_of_a_deleted_key_end_with_it(person: Person) -> None:
    made = await person.post("/v1/auth/api-keys", name="ci", scopes=["webhooks:read", "webhooks:write"])
    key, thief = made.json(), with_key(person, made.json()["key"])
    own, moved = [(await person.post("/v1/webhooks", url=f"{HOOK}/{name}")).json()["id"] for name in "ab"]
    assert (await thief.post("/v1/webhooks", url=f"{HOOK}/thief")).status_code == 201
    there = await thief.request("PATCH", f"/v1/webhooks/{moved}", json={"url": f"{HOOK}/thief"})
    assert there.status_code == 403, "it may not read, and the webhook's messages have links"
    assert (await person.request("DELETE", f"/v1/auth/api-keys/{key['id']}")).status_code == 204

    async def webhooks() -> set[str]:
        return {each["id"] for each in (await person.get("/v1/webhooks")).json()["items"]}

    async def is_over() -> bool:
        return await webhooks() == {own, moved}

    await until(is_over, what="the key's webhook is deleted, and the owner's are not")


async def test_a_webhook_that_a_key_has_moved_ends_with_the_key(person: Person) -> None:
    scopes = ["conversions:read", "webhooks:read", "webhooks:write"]
    key = (await person.post("/v1/auth/api-keys", name="ci", scopes=scopes)).json()
    hook = (await person.post("/v1/webhooks", url=HOOK)).json()["id"]
    thief = with_key(person, key["key"])
    moved = await thief.request("PATCH", f"/v1/webhooks/{hook}", json={"url": f"{HOOK}/thief"})
    assert moved.status_code == 200
    assert (await person.request("DELETE", f"/v1/auth/api-keys/{key['id']}")).status_code == 204

    async def is_gone() -> bool:
        return (await person.get(f"/v1/webhooks/{hook}")).status_code == 404

    await until(is_gone, what="the webhook is deleted")


async def test_a_key_that_only_writes_reads_nothing_by_links_or_webhooks(
    person: Person, media: Media, http: httpx.AsyncClient
) -> None:
    writer = await key_with(person, "conversions:write")
    uploaded = (await writer.upload(media.video(seconds=1))).json()["id"]
    await person.finished(uploaded)
    link = f"/v1/conversions/{uploaded}/link"
    async with receiver() as there:
        for refused in (await writer.post(link), await writer.post("/v1/webhooks", url=there.url)):
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        hooks = await key_with(person, "webhooks:write", "webhooks:read")
        hook = (await hooks.post("/v1/webhooks", url=there.url)).raise_for_status().json()
        again = (await person.upload(media.video(seconds=1))).json()["id"]
        await until(lambda: there.taken, what="a message")
        assert there.calls[0].payload["data"]["id"] == again
        assert there.calls[0].payload["data"]["link"] is None
        assert (await hooks.get(f"/v1/webhooks/{hook['id']}/deliveries")).status_code == 403
    both = await key_with(person, "conversions:read", "conversions:write")
    shared = (await both.post(link)).raise_for_status().json()["url"]
    assert (await http.get(shared)).status_code == 200


async def test_a_reset_ends_the_links_that_a_thief_has_made(
    person: Person, mailbox: Mailbox, media: Media, http: httpx.AsyncClient
) -> None:
    await verify(person, mailbox)
    uploaded = (await person.upload(media.video(seconds=1))).json()["id"]
    await person.finished(uploaded)
    path = f"/v1/conversions/{uploaded}/link"
    stolen = (await person.post(path)).raise_for_status().json()["url"]
    assert (await http.get(stolen)).status_code == 200
    await reset(person, mailbox)

    async def has_ended() -> bool:
        return (await http.get(stolen)).status_code == 401

    await until(has_ended, what="the link has ended")
    own = (await person.post(path)).raise_for_status().json()["url"]
    assert (await http.get(own)).status_code == 200
    assert (await http.delete(path, headers=person.headers)).status_code == 204
    assert (await http.get(own)).status_code == 401


async def test_the_owner_sees_in_the_recent_activity_who_did_what_from_where(
    person: Person, http: httpx.AsyncClient
) -> None:
    thief = {"email": person.email, "password": "a guess of mine"}
    await http.post("/v1/auth/login", json=thief, headers={"User-Agent": "thief/1.0\t<script>"})
    await key_with(person, "conversions:read")
    page = (await person.get("/v1/auth/activity", params={"limit": 2})).json()
    created, refused = page["items"]
    assert (created["event"], created["result"]) == ("api_key_created", "succeeded")
    assert (refused["event"], refused["result"], refused["address"]) == ("login", "refused", "127.0.0.1")
    assert refused["user_agent"] == "thief/1.0 <script>"
    rest = await person.get("/v1/auth/activity", params={"cursor": page["next_cursor"]})
    assert [each["event"] for each in rest.json()["items"]] == ["login", "account_registered"]
    assert rest.json()["next_cursor"] is None


async def test_a_new_address_tells_nothing_of_other_accounts_and_counts_once_it_is_confirmed(
    person: Person, http: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    other = await signed_in(http)
    answers = []
    for email in (other.email, f"new-{person.email}"):
        answer = await person.request("PATCH", "/v1/auth/me", json={"email": email})
        body = answer.json()
        assert body.pop("pending_email") == email
        answers.append((answer.status_code, body))
    assert answers[0] == answers[1] == (200, answers[0][1])
    await mailbox.next_about_account(other.email, "Your address was entered for another account")
    await mailbox.next_about_account(person.email, "A new address was requested")
    assert (await person.get("/v1/auth/me")).json()["email"] == person.email
    new = Person(http, f"new-{person.email}", PASSWORD)
    assert (await new.sign_in()).status_code == 401
    secret = await mailed(new, mailbox, "Confirm your address")
    assert (await person.post("/v1/auth/email/verify", token=secret)).status_code == 204
    await mailbox.next_about_account(person.email, "The address of your account was changed")
    assert (await new.sign_in()).status_code == 200
    account = (await new.get("/v1/auth/me")).json()
    assert (account["email"], account["email_verified"], account["pending_email"]) == (new.email, True, None)


async def verify(person: Person, mailbox: Mailbox) -> None:
    await person.post("/v1/auth/email/resend")
    secret = await mailed(person, mailbox, "Confirm your address")
    await person.post("/v1/auth/email/verify", token=secret)


async def reset(person: Person, mailbox: Mailbox, **more: bool) -> None:
    await person.http.post("/v1/auth/password/forgot", json={"email": person.email})
    secret = await mailed(person, mailbox, "Choose a new password")
    body = {"token": secret, "password": NEW, **more}
    assert (await person.http.post("/v1/auth/password/reset", json=body)).status_code == 204
    person.password = NEW
    (await person.sign_in()).raise_for_status()


async def mailed(person: Person, mailbox: Mailbox, subject: str) -> str:
    return link_in(await mailbox.next_about_account(person.email, subject)).partition("token=")[2]

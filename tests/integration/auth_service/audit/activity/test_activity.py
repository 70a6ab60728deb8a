"""The activity log: rows, lines in the log, and the list that the account's owner sees."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from auth_service.audit.activity.service import REFUSALS_PER_HOUR
from auth_service.maintenance.sweeper import Sweeper
from shared.logs import configure
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import (
    PASSWORD,
    Clock,
    Person,
    Replica,
    calling_from,
    running,
    settings,
)
from tests.integration.auth_service.sql import opened

NEW = "another correct horse"
EVIL_AGENT = "evil\x1b[31m\n{}" + "x" * 400


async def activity(person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = await person.replica.http.get(
        "/v1/auth/activity", params=query, headers={"Authorization": f"Bearer {person.access_token}"}
    )
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


def names(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["event"], each["result"]) for each in items]


async def test_the_owner_sees_logins_keys_and_changed_passwords_newest_first(auth: Replica) -> None:
    person = await auth.person()
    key = (await person.call("POST", "auth/api-keys", name="my <b>key</b>")).json()
    await person.call("DELETE", f"auth/api-keys/{key['id']}")
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    await person.refresh()
    await auth.login(person.email, "a wrong one")
    items = await activity(person)
    assert names(items) == [
        ("login", "refused"),
        ("password_changed", "succeeded"),
        ("api_key_deleted", "succeeded"),
        ("api_key_created", "succeeded"),
        ("login", "succeeded"),
        ("account_registered", "succeeded"),
    ]
    assert items[3]["details"] == {
        "key_id": key["id"],
        "hint": key["hint"],
        "scopes": "conversions:read conversions:write",
    }
    assert items[3]["session_id"] == items[4]["session_id"] != items[0]["session_id"]
    assert items[0]["at"] == "2026-11-20T10:00:00Z"
    assert key["key"] not in str(items)
    assert "my <b>" not in str(items)


async def test_an_event_has_the_client_s_address_and_a_printable_agent(auth: Replica) -> None:
    person = await auth.person()
    headers = {**calling_from("2001:db8::7"), "User-Agent": EVIL_AGENT.encode()}
    await auth.call("POST", "auth/login", headers=headers, email=person.email, password="wrong")  # type: ignore[arg-type]
    (refused, *_) = await activity(person)
    assert refused["address"] == "2001:db8::7"
    assert refused["user_agent"].isprintable()
    assert len(refused["user_agent"]) <= 256


async def test_pages_follow_one_another_and_hold_nothing_of_others(auth: Replica) -> None:
    person, other = await auth.person(), await auth.person()
    for _ in range(4):
        await auth.login(person.email)
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        headers = {"Authorization": f"Bearer {person.access_token}"}
        page = (await auth.http.get("/v1/auth/activity", params=query, headers=headers)).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [each["event"] for each in seen] == ["login"] * 5 + ["account_registered"]
    assert len({each["id"] for each in seen}) == 6
    assert len(await activity(other)) == 2
    for query in ({"cursor": "x"}, {"limit": 0}, {"limit": 101}):
        answer = await auth.http.get("/v1/auth/activity", params=query, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_an_api_key_does_not_read_the_activity(auth: Replica) -> None:
    person = await auth.person()
    key = (await person.call("POST", "auth/api-keys", name="ci")).json()["key"]
    assert (await auth.call("GET", "auth/activity", key)).status_code == 403
    assert (await auth.call("GET", "auth/activity")).status_code == 401


async def test_refused_logins_are_stored_up_to_a_limit_per_hour(postgres_url: str, clock: Clock) -> None:
    async with running(settings(postgres_url, free_failures=1000), clock) as auth:
        await auth.ready()
        person = await auth.person()
        for number in range(REFUSALS_PER_HOUR + 5):
            await auth.login(person.email, "wrong", address=f"192.0.2.{number}")
            await auth.login(f"{number}@unknown.example", "wrong", address="198.51.100.1")
        async with opened(postgres_url) as database, database.transaction() as session:
            count = "SELECT count(*) FROM auth.activity WHERE result = 'refused' AND user_id IS {} NULL"
            for which in ("NOT", ""):
                assert await session.scalar(text(count.format(which))) == REFUSALS_PER_HOUR
        clock.advance(hours=1)
        await auth.login(person.email, "wrong")
        await person.sign_in()
        assert names(await activity(person, limit=2)) == [("login", "succeeded"), ("login", "refused")]
        assert (await activity(person, limit=2))[1]["at"] == "2026-11-20T11:00:00Z"


async def test_nothing_is_stored_for_longer_than_the_setting_says(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    clock.advance(days=2)
    await person.sign_in()
    async with opened(postgres_url) as database:
        await Sweeper(database, timedelta(days=1), clock.now).sweep()
    assert names(await activity(person)) == [("login", "succeeded")]


async def test_every_event_is_a_line_in_the_log_with_a_stable_name_and_no_secret(
    auth: Replica, mails: AccountMails, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", "json", "auth")
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    key = (await person.call("POST", "auth/api-keys", name="my\nkey")).status_code
    made = (await person.call("POST", "auth/api-keys", name="mine")).json()
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    await auth.login(person.email, "a wrong one")
    await auth.login("nobody@example.org", "a wrong one")
    await auth.refresh(person.refresh_token)
    await auth.refresh(person.refresh_token)
    captured = capsys.readouterr().out
    lines = [json.loads(line) for line in captured.splitlines() if '"security event"' in line]
    seen = [(line["action"], line["result"], line["account"] is not None) for line in lines]
    assert key == 400
    assert seen == [
        ("account_registered", "succeeded", True),
        ("login", "succeeded", True),
        ("email_verified", "succeeded", True),
        ("api_key_created", "succeeded", True),
        ("password_changed", "succeeded", True),
        ("login", "refused", True),
        ("login", "refused", False),
        ("refresh_token_reused", "refused", True),
    ]
    assert all(line["correlation_id"] for line in lines)
    for secret in (PASSWORD, NEW, "a wrong one", made["key"], person.access_token, "nobody@"):
        assert secret not in captured


async def test_an_event_that_is_rolled_back_is_not_in_the_log(
    auth: Replica, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", "json", "auth")
    person = await auth.person()
    capsys.readouterr()
    answer = await auth.register(person.email)
    assert answer.status_code == 409
    assert "security event" not in capsys.readouterr().out

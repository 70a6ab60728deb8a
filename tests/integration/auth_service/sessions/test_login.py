"""Login: equal refusals for all causes, and the contents of the tokens."""

import asyncio
import time
from statistics import median

import httpx
import pytest
from jose import jwt
from sqlalchemy import text

from auth_service.database.connection import one_connection
from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.users.repository import UserRepository
from shared.settings import Secret
from tests.integration.auth_service.replica import PASSWORD, Clock, Replica
from tests.integration.auth_service.sql import transaction
from tests.support.wait import until

EMAIL = "ada@example.com"


async def test_the_token_pair_follows_rfc_6749(auth: Replica) -> None:
    await auth.register(EMAIL)
    answer = await auth.login(EMAIL.upper())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}


async def test_an_access_token_follows_rfc_9068(auth: Replica, clock: Clock) -> None:
    account = (await auth.register(EMAIL)).json()
    token = (await auth.login(EMAIL)).json()["access_token"]
    keys = (await auth.http.get("/.well-known/jwks.json")).json()
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": keys["keys"][0]["kid"]}
    stopped = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        token, keys, "ES256", options=stopped, audience="tonegate", issuer="http://127.0.0.1:8000"
    )
    now = int(clock.now().timestamp())
    assert (claims["iat"], claims["exp"]) == (now, now + 900)
    assert (claims["sub"], claims["email"], claims["roles"]) == (account["id"], EMAIL, ["user"])
    assert claims["sid"]
    assert claims["jti"]
    assert claims["client_id"]


async def test_the_published_keys_are_public_and_may_be_cached_a_while(auth: Replica) -> None:
    answer = await auth.http.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def distinguishable(answer: httpx.Response) -> tuple[object, ...]:
    """Everything in a response that could distinguish two refusals."""
    body = answer.json()
    body.pop("request_id")
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, body, headers


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("eve@example.com", PASSWORD),
        (EMAIL, "not the password"),
        (EMAIL, ""),
        (EMAIL, PASSWORD + " "),
        ("no address", PASSWORD),
        ("ada@example.com\x00", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        (EMAIL, "ü" * 1000),
    ],
)
async def test_the_refusal_is_the_same_for_every_cause(auth: Replica, email: str, password: str) -> None:
    await auth.register(EMAIL)
    answer = await auth.login(email, password)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert distinguishable(answer) == distinguishable(await auth.login("nobody@example.com"))


async def test_an_unknown_address_takes_as_much_work_as_a_wrong_password(auth: Replica) -> None:
    """A coarse bound on CPU time: without the hash for unknown accounts the ratio would be a tenth."""
    await auth.register(EMAIL)

    async def work_s(email: str) -> float:
        started = time.process_time()
        await auth.login(email, "not the password")
        return time.process_time() - started

    tries = [(await work_s(EMAIL), await work_s("nobody@example.com")) for _ in range(9)]
    known, unknown = (median(column) for column in zip(*tries, strict=True))
    assert 0.5 < unknown / known < 2


async def test_a_hash_of_an_older_cost_is_replaced_at_the_next_sign_in(
    auth: Replica, postgres_url: str
) -> None:
    await auth.register(EMAIL)
    cheap = PasswordHash(Argon2Cost(memory_kib=64, passes=1))
    async with transaction(postgres_url) as session:
        users = UserRepository(session)
        user = await users.find_by_address(EMAIL)
        assert user
        await users.replace_password_hash(user.id, user.password_hash, cheap.create(PASSWORD))

    assert (await auth.login(EMAIL, "not the password")).status_code == 401
    assert (await auth.login(EMAIL)).status_code == 200

    async with transaction(postgres_url) as session:
        user = await UserRepository(session).find_by_address(EMAIL)
    assert user
    assert user.password_hash
    assert cheap.is_outdated(user.password_hash)
    assert (await auth.login(EMAIL)).status_code == 200


@pytest.mark.parametrize("proving", ["POST login", "DELETE me"])
async def test_an_old_password_is_refused_once_a_new_one_is_stored(
    auth: Replica, postgres_url: str, proving: str
) -> None:
    """Also if the old one was verified a moment before: no lock is held while a password is hashed."""
    person = await auth.person()
    url, new_hash = Secret(postgres_url), PasswordHash(Argon2Cost()).create("another password altogether")
    async with one_connection(url, command_s=10) as changing, one_connection(url, command_s=10) as watching:
        await changing.execute(text("SELECT 1 FROM auth.users FOR UPDATE"))
        call = (
            auth.login(person.email)
            if "login" in proving
            else person.call("DELETE", "auth/me", password=PASSWORD)
        )
        under_way = asyncio.create_task(call)
        ours = await changing.scalar(text("SELECT pg_backend_pid()"))
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE :ours = ANY(pg_blocking_pids(pid))")
        await until(lambda: watching.scalar(waiting, {"ours": ours}), what="the password is verified")
        await changing.execute(text("UPDATE auth.users SET password_hash = :new"), {"new": new_hash})
    answer = await under_way
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def test_two_logins_create_two_independent_sessions(auth: Replica) -> None:
    person = await auth.person()
    first = person.access_token
    await person.sign_in()
    await auth.logout(first)
    assert not await auth.is_active(first)
    assert await auth.is_active(person.access_token)

"""Second factors through the gateway: codes, passkeys of a software authenticator and of a real browser."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.authenticator import Authenticator
from tests.support.authenticator_app import AuthenticatorApp
from tests.support.browser import Tab, browsing, executable
from tests.support.client import PASSWORD, Person
from tests.support.mailbox import Mailbox
from tests.support.proofs import let_proofs_lapse
from tests.support.system import System

Json = dict[str, Any]


async def add_app(person: Person) -> tuple[AuthenticatorApp, list[str]]:
    """Adds an authenticator app."""
    added = (await person.post("/v1/auth/factors/totp", name="my phone")).raise_for_status().json()
    app = AuthenticatorApp(added["secret"])
    code = app.next()
    confirmed = await person.post(f"/v1/auth/factors/{added['id']}/confirm", code=code)
    codes: list[str] = confirmed.raise_for_status().json()["recovery_codes"]
    return app, codes


async def first_step(person: Person) -> Json:
    refused = await Person(person.http, person.email).sign_in()
    body: Json = refused.json()
    assert (refused.status_code, body["code"]) == (401, "second_factor_required")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"] == "Bearer"
    return body


async def second_step(http: httpx.AsyncClient, token: str, **answer: Any) -> httpx.Response:
    return await http.post("/v1/auth/login/factor", json={"factor_token": token, **answer})


async def test_a_sign_in_with_a_code_and_each_code_is_good_once(
    http: httpx.AsyncClient, person: Person, mailbox: Mailbox
) -> None:
    app, recovery_codes = await add_app(person)
    await mailbox.next_about_account(person.email, "A second factor was added")
    code, token = app.next(), (await first_step(person))["factor_token"]
    pair = await second_step(http, token, code=code)
    assert pair.status_code == 200
    signed_in = Person(http, person.email, tokens=pair.json())
    assert (await signed_in.get("/v1/auth/me")).json()["email"] == person.email
    assert (await signed_in.post("/v1/auth/api-keys", name="ci")).status_code == 201
    assert (await second_step(http, token, code=recovery_codes[0])).json()["code"] == "unauthenticated"
    replayed = await second_step(http, (await first_step(person))["factor_token"], code=code)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "invalid_credentials")
    token = (await first_step(person))["factor_token"]
    assert (await second_step(http, token, code=recovery_codes[0])).status_code == 200
    await mailbox.next_about_account(person.email, "A recovery code was used")


async def test_a_sign_in_with_a_passkey_of_a_software_authenticator(
    http: httpx.AsyncClient, person: Person, system: System
) -> None:
    authenticator = Authenticator(origin=system.url.replace("127.0.0.1", "localhost"))
    options = (await person.post("/v1/auth/factors/passkeys/options")).raise_for_status().json()
    credential = authenticator.create(options)
    added = await person.post("/v1/auth/factors/passkeys", name="key ring", credential=credential)
    assert (added.status_code, added.json()["kind"]) == (201, "passkey")
    step = await first_step(person)
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(http, step["factor_token"], credential=assertion)).status_code == 200
    step = await first_step(person)
    authenticator.sign_count -= 1
    copied = authenticator.get(step["passkey_options"])
    assert (await second_step(http, step["factor_token"], credential=copied)).status_code == 401


async def test_a_stolen_token_adds_and_removes_no_factor(person: Person, system: System) -> None:
    app, _ = await add_app(person)
    await let_proofs_lapse(system)
    (factor,) = (await person.get("/v1/auth/factors")).json()["items"]
    for method, path in (("POST", "totp"), ("POST", "passkeys/options"), ("DELETE", factor["id"])):
        for body in (None, {"current_password": PASSWORD}):
            refused = await person.request(method, f"/v1/auth/factors/{path}", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert (await person.post("/v1/auth/proof", code=app.next())).status_code == 204
    removed = await person.request("DELETE", f"/v1/auth/factors/{factor['id']}")
    assert removed.status_code == 204
    assert (await Person(person.http, person.email).sign_in()).status_code == 200


CREATE = """(async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return JSON.stringify(await navigator.credentials.create({ publicKey }));
})(%s)"""
GET = """(async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return JSON.stringify(await navigator.credentials.get({ publicKey }));
})(%s)"""


async def resolved(tab: Tab, script: str, options: Json) -> Any:
    """The value of the promise that the script evaluates to."""
    answer = await tab.command(
        "Runtime.evaluate", expression=script % json.dumps(options), awaitPromise=True, returnByValue=True
    )
    assert "exceptionDetails" not in answer, answer
    return json.loads(answer["result"]["value"])


@pytest.mark.skipif(executable() is None, reason="no browser on this machine")
async def test_a_sign_in_with_a_passkey_of_a_real_browser(
    http: httpx.AsyncClient, person: Person, system: System, tmp_path: Path
) -> None:
    async with browsing(tmp_path) as tab:
        await tab.command("WebAuthn.enable")
        authenticator = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        await tab.command("WebAuthn.addVirtualAuthenticator", options=authenticator)
        await tab.command("Page.enable")
        await tab.open(system.url.replace("127.0.0.1", "localhost") + "/reset-password")
        options = (await person.post("/v1/auth/factors/passkeys/options")).raise_for_status().json()
        credential = await resolved(tab, CREATE, options)
        added = await person.post("/v1/auth/factors/passkeys", name="this laptop", credential=credential)
        assert added.status_code == 201, added.text
        for _ in range(2):
            step = await first_step(person)
            credential = await resolved(tab, GET, step["passkey_options"])
            pair = await second_step(http, step["factor_token"], credential=credential)
            assert pair.status_code == 200, pair.text
        proving = (await person.post("/v1/auth/proof/options")).raise_for_status().json()
        credential = await resolved(tab, GET, proving)
        assert (await person.post("/v1/auth/proof", credential=credential)).status_code == 204

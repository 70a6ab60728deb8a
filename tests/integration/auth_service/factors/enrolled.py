"""Accounts with second factors, and the steps of their logins."""

from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from shared.contracts.events import SecurityEventOccurred
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica, calling_from
from tests.support.authenticator import Authenticator
from tests.support.wait import until

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


@dataclass
class App:
    """An authenticator app that reads the test's clock."""

    secret: str
    clock: Clock

    def code(self, steps: int = 0) -> str:
        """The code of the current time step, or of one before or after it."""
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)

    def wrong(self) -> str:
        """A code that is valid at none of the steps around the current one."""
        valid = {self.code(steps) for steps in range(-3, 4)}
        return next(text for each in range(10) if (text := f"{each:06d}") not in valid)

    def next(self) -> str:
        """Waits for the next time step; returns its code."""
        self.clock.advance(seconds=30)
        return self.code()


@dataclass
class Enrolled:
    """An account with an authenticator app, signed in by the session that has added it."""

    person: Person
    app: App
    factor_id: str
    recovery_codes: list[str]


async def add_app(person: Person, clock: Clock, **more: Any) -> Enrolled:
    added = (await person.call("POST", "auth/factors/totp", **more)).raise_for_status().json()
    app = App(added["secret"], clock)
    path = f"auth/factors/{added['id']}/confirm"
    confirmed = (await person.call("POST", path, code=app.code(), **more)).raise_for_status()
    clock.advance(seconds=30)
    return Enrolled(person, app, added["id"], confirmed.json()["recovery_codes"])


async def enrolled(auth: Replica, clock: Clock) -> Enrolled:
    return await add_app(await auth.person(), clock)


async def verified(person: Person, mails: AccountMails) -> Person:
    """Verifies the address: these tests mail notices to verified addresses only."""
    answer = await person.replica.verify(await mails.verification(person.email))
    assert answer.status_code == 204
    return person


async def noticed(mails: AccountMails, email: str, event: str) -> None:
    """Waits for a mail about an event of the account's security."""
    await until(
        lambda: event in {each.event for each in mails.of(SecurityEventOccurred, email)},
        what=f"a mail about {event}",
    )


async def add_passkey(person: Person, authenticator: Authenticator, name: str = "laptop") -> httpx.Response:
    options = (await person.call("POST", "auth/factors/passkeys/options")).raise_for_status().json()
    credential = authenticator.create(options)
    return await person.call("POST", "auth/factors/passkeys", name=name, credential=credential)


async def first_step(auth: Replica, email: str, address: str = HOME) -> dict[str, Any]:
    """The problem of a login with the right password."""
    answer = await auth.login(email, PASSWORD, address)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    body: dict[str, Any] = answer.json()
    return body


async def second_step(auth: Replica, token: str, address: str = HOME, **answer: Any) -> httpx.Response:
    headers = calling_from(address)
    return await auth.call("POST", "auth/login/factor", headers=headers, factor_token=token, **answer)


async def login(auth: Replica, email: str, address: str = HOME, **answer: Any) -> httpx.Response:
    """Both steps of a login."""
    return await second_step(
        auth, (await first_step(auth, email, address))["factor_token"], address, **answer
    )

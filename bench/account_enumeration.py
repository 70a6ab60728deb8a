"""Timing side channel: whether response times reveal that an account exists.

Requests go to auth_service directly, over one connection on this machine, where less noise hides a difference
than for a remote attacker. A difference is significant if its p is below 0.05 divided by the number of
comparisons (Bonferroni).
"""

import asyncio
import http.client
import json
import random
import secrets
import statistics
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from auth_service.database.connection import one_connection
from auth_service.database.table import SCHEMA
from bench.significance import difference
from bench.system import MeasuredSystem, measured_system
from shared.settings import Secret

EACH = 40
TRIES = 200
PASSWORD, WRONG = "correct horse battery staple", "incorrect horse battery staple"
OWNERS, STRANGERS = "127.0.0.1", "203.0.113.7"
# Work that continues after a response has finished by then.
PAUSE_S = 0.02
SETTINGS = {"GATEWAY_RATE_LIMIT_REGISTER": "1000000/hour", "AUTH_FREE_FAILURES": "1000000"}
LOGIN, FORGOT, RESEND = "/v1/auth/login", "/v1/auth/password/forgot", "/v1/auth/email/resend"


class Probe:
    """One kind of request, repeated with different addresses, and the duration of each response."""

    def __init__(self, path: str, bodies: Sequence[Mapping[str, str]], network: str = STRANGERS) -> None:
        self.path = path
        self._bodies = [json.dumps(body).encode() for body in bodies]
        self._network = network
        self.times_ms: list[float] = []
        self.right_after_ms: list[float] = []
        self.statuses: set[int] = set()

    def once(self, connection: http.client.HTTPConnection, gateway: Mapping[str, str]) -> None:
        headers = {**gateway, "Tonegate-Client-Address": self._network, "Content-Type": "application/json"}
        body = self._bodies[len(self.times_ms) % len(self._bodies)]
        began = time.perf_counter()
        status = answered(connection, "POST", self.path, body, headers)
        ended = time.perf_counter()
        answered(connection, "GET", "/healthz", None, {})
        self.right_after_ms.append((time.perf_counter() - ended) * 1000)
        self.times_ms.append((ended - began) * 1000)
        self.statuses.add(status)


def main() -> None:
    with measured_system("auth", "converter", "gateway", settings=SETTINGS) as system:
        emails = [f"{secrets.token_hex(8)}@example.org" for _ in range(4 * EACH)]
        for email in emails:
            system.call("POST", "/v1/auth/register", {"email": email, "password": PASSWORD})
        ours, without_password, disabled, verified = (emails[n * EACH : (n + 1) * EACH] for n in range(4))
        asyncio.run(changed(system, without_password, disabled, verified))
        signing_in = {
            "wrong password": Probe(LOGIN, tried(ours)),
            "unknown address": Probe(LOGIN, tried(unknown())),
            "account without a password": Probe(LOGIN, tried(without_password)),
            "disabled account, right password": Probe(LOGIN, tried(disabled, PASSWORD)),
            "wrong password, where the owner is known": Probe(LOGIN, tried(ours), OWNERS),
        }
        forgetting = {
            "known address": Probe(FORGOT, asked(ours)),
            "unknown address": Probe(FORGOT, asked(unknown())),
            "disabled account": Probe(FORGOT, asked(disabled)),
        }
        resending = {
            "known address": Probe(RESEND, asked(ours)),
            "unknown address": Probe(RESEND, asked(unknown())),
            "verified address": Probe(RESEND, asked(verified)),
        }
        for title, probes in (("sign-in", signing_in), ("forgot", forgetting), ("resend", resending)):
            in_turns(system, probes)
            report(title, probes)


def in_turns(system: MeasuredSystem, probes: Mapping[str, Probe]) -> None:
    """Sends each kind once per round in random order; the first rounds are a warm-up."""
    gateway = {"Tonegate-Gateway-Authorization": system.basic()}
    connection = http.client.HTTPConnection("127.0.0.1", system.stack.service("auth").port, timeout=60)
    order = list(probes.values())
    warm_up = 5
    for _ in range(warm_up + TRIES):
        random.shuffle(order)
        for probe in order:
            probe.once(connection, gateway)
            time.sleep(PAUSE_S)
    for probe in order:
        del probe.times_ms[:warm_up], probe.right_after_ms[:warm_up]
    connection.close()


def report(title: str, probes: Mapping[str, Probe]) -> None:
    (first, reference), *others = probes.items()
    print(f"{title}: {first}: {statistics.median(reference.times_ms):.2f} ms, answered {reference.statuses}")
    for name, probe in others:
        now = compared(reference.times_ms, probe.times_ms)
        after = compared(reference.right_after_ms, probe.right_after_ms)
        print(f"{title}: {name}: {now}, answered {probe.statuses}; the call right after: {after}")


def compared(one: Sequence[float], other: Sequence[float]) -> str:
    seen = difference(one, other, random.Random(1))
    return f"{seen.median:+.2f} ms (95 %: {seen.low:+.2f} to {seen.high:+.2f}), p {seen.p:.3f}"


def tried(emails: Sequence[str], password: str = WRONG) -> list[dict[str, str]]:
    return [{"email": email, "password": password} for email in emails]


def asked(emails: Sequence[str]) -> list[dict[str, str]]:
    return [{"email": email} for email in emails]


def unknown() -> list[str]:
    return [f"{secrets.token_hex(8)}@example.org" for _ in range(EACH)]


def answered(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> int:
    connection.request(method, path, body, dict(headers))
    answer = connection.getresponse()
    answer.read()
    return answer.status


async def changed(
    system: MeasuredSystem, without_password: Sequence[str], disabled: Sequence[str], verified: Sequence[str]
) -> None:
    """Changes accounts as a provider login, an administrator and a verified address would."""
    changes = {
        "password_hash = NULL": without_password,
        "disabled_at = now()": disabled,
        "email_verified_at = now()": verified,
    }
    async with one_connection(Secret(system.stack.postgres.url()), command_s=30) as connection:
        for change, emails in changes.items():
            statement = text(f"UPDATE {SCHEMA}.users SET {change} WHERE email = ANY(:emails)")
            await connection.execute(statement, {"emails": list(emails)})


if __name__ == "__main__":
    main()

"""Servers that `bench.gateway_throughput` measures: account service, its stub, and the gateways."""

import base64
import json
import os
import secrets
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.cores import on
from bench.nest_gateway import nest_command
from bench.processes import free_port, running_program, running_stub
from bench.stubs import serve_recorded
from devstack.servers.environment import plain_environment
from devstack.stack import Stack
from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from shared.identity.key_pair import KeyPair
from shared.settings import Secret

ME, KEYS, INTROSPECT = "/v1/auth/me", "/.well-known/jwks.json", "/internal/introspect"
SETTINGS = {"LOG_LEVEL": "warning", "AUTH_ACCESS_TOKEN_TTL": "2h"}
UNLIMITED = "100000000"
JSON: Mapping[str, str] = {"Content-Type": "application/json"}


class Target(msgspec.Struct, frozen=True):
    """A server that answers the call, and its process."""

    url: str
    pid: int


@contextmanager
def account_service(measured: int, measuring: int) -> Iterator[Stack]:
    """Starts PostgreSQL on the measuring core and auth_service on the measured one, without RabbitMQ."""
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        with Stack(Path(path), SETTINGS) as stack:
            with on(measuring):
                stack.start("postgres")
            with on(measured):
                stack.start("auth")
            yield stack


def signed_in(stack: Stack) -> str:
    account = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse battery staple"}
    url = stack.service("auth").url
    response_of(urllib.request.Request(f"{url}/v1/auth/register", posted(account), dict(JSON)))
    tokens = json.loads(
        response_of(urllib.request.Request(f"{url}/v1/auth/login", posted(account), dict(JSON)))
    )
    return str(tokens["access_token"])


@contextmanager
def memory_of(stack: Stack, token: str, core: int) -> Iterator[Target]:
    """Starts a stub that repeats the real auth_service's responses for this token."""
    port, service = free_port(), stack.service("auth").url
    secret = stack.settings()["AUTH_INTROSPECTION_SECRET"]
    basic = {"Authorization": f"Basic {base64.b64encode(f'gateway:{secret}'.encode()).decode()}"}
    form = urllib.parse.urlencode({"token": token}).encode()
    introspected = response_of(urllib.request.Request(f"{service}{INTROSPECT}", form, basic))
    bearer = {"Authorization": f"Bearer {gateway_token(stack, introspected)}"}
    answers = {
        ME: response_of(urllib.request.Request(f"{service}{ME}", headers=bearer)),
        KEYS: response_of(urllib.request.Request(f"{service}{KEYS}")),
        INTROSPECT: introspected,
    }
    with ExitStack() as running:
        with on(core):
            pid = running.enter_context(running_stub(serve_recorded, port, answers))
        yield Target(f"http://127.0.0.1:{port}", pid)


def gateway_token(stack: Stack, introspected: bytes) -> str:
    """What the gateway sends to auth_service for this account."""
    claims = msgspec.json.decode(introspected)
    principal = Principal(
        user_id=claims["sub"],
        email=claims["email"],
        roles=frozenset(claims["roles"]),
        session_id=claims["sid"],
        expires_at=claims["exp"],
    )
    key = KeyPair(Secret(stack.settings()["GATEWAY_TOKEN_KEY"]))
    return ServiceTokens(key, "auth_service").token_for(principal).reveal()


@contextmanager
def gateway(name: str, stack: Stack, service: str, core: int) -> Iterator[Target]:
    """Starts our gateway, or Nest's on `express` or `fastify`."""
    port = free_port()
    ours = name == "tonegate"
    command = [sys.executable, "-m", "gateway"] if ours else nest_command(name)
    environment = (tonegate_environment if ours else nest_environment)(port, stack, service)
    with on(core), running_program(command, environment, port) as pid:
        yield Target(f"http://127.0.0.1:{port}", pid)


def nest_environment(port: int, stack: Stack, service: str) -> dict[str, str]:
    settings = stack.settings()
    return {
        **plain_environment(),
        "NODE_ENV": "production",
        "PORT": str(port),
        "AUTH_URL": service,
        "AUTH_ISSUER": settings["GATEWAY_PUBLIC_URL"],
        "AUTH_INTROSPECTION_SECRET": settings["AUTH_INTROSPECTION_SECRET"],
        "LIMIT_PER_MINUTE": UNLIMITED,
    }


def tonegate_environment(port: int, stack: Stack, service: str) -> dict[str, str]:
    return {
        **os.environ,
        **stack.settings(),
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(free_port()),
        "GATEWAY_AUTH_URL": service,
        "GATEWAY_RATE_LIMIT_DEFAULT": f"{UNLIMITED}/minute",
    }


def posted(body: object) -> bytes:
    return json.dumps(body).encode()


def response_of(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())

"""What the account service and its commands read from their environment."""

from datetime import timedelta
from typing import Annotated

import msgspec

from shared.settings import Env, Secret


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    introspection_secret: Annotated[Secret, Env("AUTH_INTROSPECTION_SECRET", at_least=16)]
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    host: Annotated[str, Env("AUTH_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("AUTH_PORT")] = 8001
    metrics_port: Annotated[int, Env("AUTH_METRICS_PORT")] = 9101
    public_url: Annotated[str, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    issuer: Annotated[str | None, Env("AUTH_ISSUER")] = None
    audience: Annotated[str, Env("AUTH_AUDIENCE")] = "tonegate"
    access_token_ttl: Annotated[timedelta, Env("AUTH_ACCESS_TOKEN_TTL", at_least=1)] = timedelta(minutes=15)
    refresh_token_ttl: Annotated[timedelta, Env("AUTH_REFRESH_TOKEN_TTL", at_least=1)] = timedelta(days=30)
    session_idle_ttl: Annotated[timedelta, Env("AUTH_SESSION_IDLE_TTL", at_least=1)] = timedelta(days=14)
    refresh_grace: Annotated[timedelta, Env("AUTH_REFRESH_GRACE", at_least=0)] = timedelta(seconds=10)
    verify_token_ttl: Annotated[timedelta, Env("AUTH_VERIFY_TOKEN_TTL", at_least=60)] = timedelta(days=1)
    reset_token_ttl: Annotated[timedelta, Env("AUTH_RESET_TOKEN_TTL", at_least=60)] = timedelta(hours=1)
    mails_per_hour: Annotated[int, Env("AUTH_MAILS_PER_HOUR", at_least=1)] = 3
    require_verified_email: Annotated[bool, Env("AUTH_REQUIRE_VERIFIED_EMAIL")] = False
    free_failures: Annotated[int, Env("AUTH_FREE_FAILURES", at_least=1)] = 10
    hash_concurrency: Annotated[int, Env("AUTH_HASH_CONCURRENCY", at_least=1)] = 2


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """For an operator's commands, which need no more than the tables."""

    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    access_token_ttl: Annotated[timedelta, Env("AUTH_ACCESS_TOKEN_TTL", at_least=1)] = timedelta(minutes=15)
    admin_password: Annotated[Secret | None, Env("AUTH_ADMIN_PASSWORD")] = None

"""What the account service reads from its environment."""

from datetime import timedelta
from typing import Annotated

import msgspec

from shared.settings import Env, HttpUrl, Secret


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    introspection_secret: Annotated[Secret, Env("AUTH_INTROSPECTION_SECRET", at_least=16)]
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    host: Annotated[str, Env("AUTH_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("AUTH_PORT")] = 8001
    metrics_port: Annotated[int, Env("AUTH_METRICS_PORT")] = 9101
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    issuer: Annotated[str | None, Env("AUTH_ISSUER")] = None
    audience: Annotated[str, Env("AUTH_AUDIENCE")] = "tonegate"
    access_token_ttl: Annotated[timedelta, Env("AUTH_ACCESS_TOKEN_TTL", at_least=1)] = timedelta(minutes=15)
    refresh_token_ttl: Annotated[timedelta, Env("AUTH_REFRESH_TOKEN_TTL", at_least=1)] = timedelta(days=30)
    hash_concurrency: Annotated[int, Env("AUTH_HASH_CONCURRENCY", at_least=1)] = 2

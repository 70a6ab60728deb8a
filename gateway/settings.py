"""The gateway's settings, from environment variables."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Literal

from limits import parse

from shared.identity.key_pair import parse_key_pair
from shared.settings import Env, HttpOrigin, HttpUrl, Secret, SettingsError, TlsSettings, http_origin


class GatewaySettings(TlsSettings, frozen=True, kw_only=True):
    """Rates are `<count>/<second|minute|hour|day>`, durations as in `shared.settings`."""

    introspection_secret: Annotated[Secret, Env("AUTH_INTROSPECTION_SECRET", at_least=16)]
    token_key: Annotated[Secret, Env("GATEWAY_TOKEN_KEY")]
    amqp_url: Annotated[Secret, Env("AMQP_URL")]

    host: Annotated[str, Env("GATEWAY_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("GATEWAY_PORT")] = 8000
    metrics_port: Annotated[int, Env("GATEWAY_METRICS_PORT")] = 9100
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"

    auth_url: Annotated[HttpOrigin, Env("GATEWAY_AUTH_URL")] = "http://127.0.0.1:8001"
    converter_url: Annotated[HttpOrigin, Env("GATEWAY_CONVERTER_URL")] = "http://127.0.0.1:8002"
    notification_url: Annotated[HttpOrigin, Env("GATEWAY_NOTIFICATION_URL")] = "http://127.0.0.1:8004"

    rate_default: Annotated[str, Env("GATEWAY_RATE_LIMIT_DEFAULT")] = "600/minute"
    rate_login: Annotated[str, Env("GATEWAY_RATE_LIMIT_LOGIN")] = "10/minute"
    rate_register: Annotated[str, Env("GATEWAY_RATE_LIMIT_REGISTER")] = "20/hour"
    rate_upload: Annotated[str, Env("GATEWAY_RATE_LIMIT_UPLOAD")] = "60/hour"
    rate_webhook_test: Annotated[str, Env("GATEWAY_RATE_LIMIT_WEBHOOK_TEST")] = "5/minute"
    rate_storage_url: Annotated[Secret, Env("GATEWAY_RATE_LIMIT_STORAGE_URL")] = Secret("memory://")
    trusted_proxies: Annotated[tuple[str, ...], Env("GATEWAY_TRUSTED_PROXIES")] = ()
    forwarded_field: Annotated[Literal["x-forwarded-for", "forwarded"], Env("GATEWAY_FORWARDED_FIELD")] = (
        "x-forwarded-for"
    )

    hsts_max_age: Annotated[timedelta, Env("GATEWAY_HSTS_MAX_AGE")] = timedelta(days=365)
    cors_origins: Annotated[tuple[str, ...], Env("GATEWAY_CORS_ORIGINS")] = ()

    max_calls: Annotated[int, Env("GATEWAY_MAX_CALLS", at_least=1)] = 256
    max_calls_per_address: Annotated[int, Env("GATEWAY_MAX_CALLS_PER_ADDRESS", at_least=1)] = 128
    max_streams: Annotated[int, Env("GATEWAY_MAX_STREAMS", at_least=1)] = 256
    max_streams_per_client: Annotated[int, Env("GATEWAY_MAX_STREAMS_PER_CLIENT", at_least=1)] = 64
    max_streams_per_address: Annotated[int, Env("GATEWAY_MAX_STREAMS_PER_ADDRESS", at_least=1)] = 96
    reserved_streams: Annotated[int, Env("GATEWAY_RESERVED_STREAMS", at_least=0)] = 64
    max_event_streams: Annotated[int, Env("GATEWAY_MAX_EVENT_STREAMS", at_least=1)] = 2048
    max_event_streams_per_address: Annotated[
        int, Env("GATEWAY_MAX_EVENT_STREAMS_PER_ADDRESS", at_least=1)
    ] = 512
    min_speed: Annotated[int, Env("GATEWAY_MIN_SPEED", at_least=0)] = 1024
    slow_speed: Annotated[int, Env("GATEWAY_SLOW_SPEED", at_least=0)] = 32768
    speed_window: Annotated[timedelta, Env("GATEWAY_SPEED_WINDOW", at_least=1)] = timedelta(seconds=60)
    max_connections: Annotated[int, Env("GATEWAY_MAX_CONNECTIONS", at_least=16)] = 8192

    token_cache_ttl: Annotated[timedelta, Env("GATEWAY_TOKEN_CACHE_TTL")] = timedelta(seconds=5)
    upload_timeout: Annotated[timedelta, Env("GATEWAY_UPLOAD_TIMEOUT", at_least=1)] = timedelta(hours=6)
    idle_timeout: Annotated[timedelta, Env("GATEWAY_IDLE_TIMEOUT", at_least=1)] = timedelta(seconds=60)

    def __post_init__(self) -> None:
        """Raises SettingsError that names each variable whose form is wrong."""
        wrong = [
            *self._wrong_rates(),
            *self._wrong_storage(),
            *self._wrong_networks(),
            *self._wrong_origins(),
            *self._wrong_key(),
        ]
        if wrong:
            raise SettingsError("\n".join(wrong))

    @property
    def has_memory_storage(self) -> bool:
        """True when rate limits and idempotency keys are kept in this process."""
        return self.rate_storage_url.reveal().startswith("memory://")

    def _wrong_rates(self) -> list[str]:
        rates = {
            "DEFAULT": self.rate_default,
            "LOGIN": self.rate_login,
            "REGISTER": self.rate_register,
            "UPLOAD": self.rate_upload,
            "WEBHOOK_TEST": self.rate_webhook_test,
        }
        return [
            f"GATEWAY_RATE_LIMIT_{name}: {rate!r} is not a rate; it needs a form such as 10/minute"
            for name, rate in rates.items()
            if not _is_rate(rate)
        ]

    def _wrong_storage(self) -> list[str]:
        if self.rate_storage_url.reveal().partition("://")[0] not in {"memory", "redis", "rediss"}:
            return ["GATEWAY_RATE_LIMIT_STORAGE_URL: it needs memory:// or redis://host:port"]
        return []

    def _wrong_networks(self) -> list[str]:
        return [
            f"GATEWAY_TRUSTED_PROXIES: {network!r} is not a network; it needs CIDRs such as 10.0.0.0/8"
            for network in self.trusted_proxies
            if not _is_network(network)
        ]

    def _wrong_origins(self) -> list[str]:
        return [
            f"GATEWAY_CORS_ORIGINS: {origin!r} is not an origin; it needs a form such as https://app.example.org"
            for origin in self.cors_origins
            if origin != "*" and not _is_origin(origin)
        ]

    def _wrong_key(self) -> list[str]:
        try:
            parse_key_pair(self.token_key)
        except ValueError as error:
            return [f"GATEWAY_TOKEN_KEY: {error}"]
        return []


def _is_rate(text: str) -> bool:
    try:
        return parse(text).amount > 0
    except ValueError:
        return False


def _is_origin(text: str) -> bool:
    try:
        return http_origin(text) == text and not text.endswith("/")
    except ValueError:
        return False


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True

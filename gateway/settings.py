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
    """Shared by gateway and auth_service; a [list](operations.md#shared-keys)."""
    token_key: Annotated[Secret, Env("GATEWAY_TOKEN_KEY")]
    """Signs the gateway's tokens for the services behind it: a PEM private key of the curve P-256. See
    [gateway key](operations.md#gateway-key).
    """
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    """RabbitMQ, `amqp://user:password@host:5672/vhost`. See
    [users](operations.md#users-of-rabbitmq-and-mongodb).
    """

    host: Annotated[str, Env("GATEWAY_HOST")] = "127.0.0.1"
    """Address that the gateway listens on."""
    port: Annotated[int, Env("GATEWAY_PORT")] = 8000
    """Public port."""
    metrics_port: Annotated[int, Env("GATEWAY_METRICS_PORT")] = 9100
    """Port of the gateway's metrics, never to be published."""
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    """What links in mails begin with. A path (`https://example.org/media`) is that of a proxy which strips it
    from requests; `Location`, `result.url` and all other URLs have it too.
    """

    auth_url: Annotated[HttpOrigin, Env("GATEWAY_AUTH_URL")] = "http://127.0.0.1:8001"
    """auth_service."""
    converter_url: Annotated[HttpOrigin, Env("GATEWAY_CONVERTER_URL")] = "http://127.0.0.1:8002"
    """The converter's api."""
    notification_url: Annotated[HttpOrigin, Env("GATEWAY_NOTIFICATION_URL")] = "http://127.0.0.1:8004"
    """notification_service."""

    rate_default: Annotated[str, Env("GATEWAY_RATE_LIMIT_DEFAULT")] = "600/minute"
    """Rate of every call without a specific limit."""
    rate_login: Annotated[str, Env("GATEWAY_RATE_LIMIT_LOGIN")] = "10/minute"
    """Rate of signing in, and of each call that takes a password or a mailed secret, or requests a mail."""
    rate_register: Annotated[str, Env("GATEWAY_RATE_LIMIT_REGISTER")] = "20/hour"
    """Rate of registering."""
    rate_upload: Annotated[str, Env("GATEWAY_RATE_LIMIT_UPLOAD")] = "60/hour"
    """Rate of uploads; of resumable ones the creation of the upload and of each of its parts."""
    rate_webhook_test: Annotated[str, Env("GATEWAY_RATE_LIMIT_WEBHOOK_TEST")] = "5/minute"
    """Rate of test messages and replays of webhooks."""
    rate_storage_url: Annotated[Secret, Env("GATEWAY_RATE_LIMIT_STORAGE_URL")] = Secret("memory://")
    """`memory://`, or `redis://…`, which shares counters, and responses to calls with an `Idempotency-Key`
    (uploads excepted), between all gateways.
    """
    trusted_proxies: Annotated[tuple[str, ...], Env("GATEWAY_TRUSTED_PROXIES")] = ()
    """Networks whose `GATEWAY_FORWARDED_FIELD` is trusted."""
    forwarded_field: Annotated[Literal["x-forwarded-for", "forwarded"], Env("GATEWAY_FORWARDED_FIELD")] = (
        "x-forwarded-for"
    )
    """Field in which these proxies name their clients. The other one is ignored."""

    hsts_max_age: Annotated[timedelta, Env("GATEWAY_HSTS_MAX_AGE")] = timedelta(days=365)
    """Time in `Strict-Transport-Security`, which is sent if `GATEWAY_PUBLIC_URL` is https; `0` ends what
    browsers remember.
    """
    cors_origins: Annotated[tuple[str, ...], Env("GATEWAY_CORS_ORIGINS")] = ()
    """Origins that may call the API, such as `https://app.example.org`; `*` for all."""

    max_calls: Annotated[int, Env("GATEWAY_MAX_CALLS", at_least=1)] = 256
    """Concurrent short requests; more get 503 `overloaded`."""
    max_calls_per_address: Annotated[int, Env("GATEWAY_MAX_CALLS_PER_ADDRESS", at_least=1)] = 128
    """Share of one client address in them; more get 429 `rate_limited`. Behind a proxy that is not in
    `GATEWAY_TRUSTED_PROXIES` all clients have one address.
    """
    max_streams: Annotated[int, Env("GATEWAY_MAX_STREAMS", at_least=1)] = 256
    """Concurrent uploads and downloads; more get 503 `overloaded`. One uses up to 8 MiB here and, if it is an
    upload, 14 MiB in the converter's api.
    """
    max_streams_per_client: Annotated[int, Env("GATEWAY_MAX_STREAMS_PER_CLIENT", at_least=1)] = 64
    """Concurrent uploads, and as many downloads, of one account, or of one address for signed links; more get
    429 `rate_limited`.
    """
    max_streams_per_address: Annotated[int, Env("GATEWAY_MAX_STREAMS_PER_ADDRESS", at_least=1)] = 96
    """Share of one client address in `GATEWAY_MAX_STREAMS`; more get 429 `rate_limited`."""
    reserved_streams: Annotated[int, Env("GATEWAY_RESERVED_STREAMS", at_least=0)] = 64
    """Streams that are kept for downloads, and as many for uploads, at most a quarter of
    `GATEWAY_MAX_STREAMS`.
    """
    max_event_streams: Annotated[int, Env("GATEWAY_MAX_EVENT_STREAMS", at_least=1)] = 2048
    """Event streams open at once; more get 503 `overloaded`."""
    max_event_streams_per_address: Annotated[
        int, Env("GATEWAY_MAX_EVENT_STREAMS_PER_ADDRESS", at_least=1)
    ] = 512
    """Share of one client address in them; more get 429 `rate_limited`."""
    min_speed: Annotated[int, Env("GATEWAY_MIN_SPEED", at_least=0)] = 1024
    """Bytes a second below which an upload or download is cut off, measured over `GATEWAY_SPEED_WINDOW`; 0 is
    none.
    """
    slow_speed: Annotated[int, Env("GATEWAY_SLOW_SPEED", at_least=0)] = 32768
    """Bytes a second below which an upload or download is cut off when its place is needed, the slowest
    first; 0 is none.
    """
    speed_window: Annotated[timedelta, Env("GATEWAY_SPEED_WINDOW", at_least=1)] = timedelta(seconds=60)
    """Time over which speeds are measured."""
    max_connections: Annotated[int, Env("GATEWAY_MAX_CONNECTIONS", at_least=16)] = 8192
    """Open connections, idle ones included."""

    token_cache_ttl: Annotated[timedelta, Env("GATEWAY_TOKEN_CACHE_TTL")] = timedelta(seconds=5)
    """How long a verified token is cached."""
    upload_timeout: Annotated[timedelta, Env("GATEWAY_UPLOAD_TIMEOUT", at_least=1)] = timedelta(hours=6)
    """Time for a whole upload."""
    idle_timeout: Annotated[timedelta, Env("GATEWAY_IDLE_TIMEOUT", at_least=1)] = timedelta(seconds=60)
    """Time for a connection without data."""

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

"""Settings of the notification service, read from environment variables."""

from datetime import timedelta
from email.headerregistry import Address
from typing import Annotated

from notification_service.email.errors import InvalidEmail
from notification_service.email.links import InvalidLink, LinkTemplate
from notification_service.email.message import parse_from_address
from notification_service.email.smtp_server import SmtpServer
from notification_service.webhooks.outbound.address_policy import parse_networks
from shared.identity.gateway_keys import GatewayPublicKeys
from shared.settings import Env, HttpUrl, Secret, SettingsError, TlsSettings, duration

# Delays recommended by Standard Webhooks 1.0.0, "Deliverability and reliability".
RETRIES = ("5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h")


class NotificationSettings(TlsSettings, frozen=True, kw_only=True):
    """The path of `mongo_url` names the database of the ledger and the webhooks."""

    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    smtp_url: Annotated[Secret, Env("NOTIFICATION_SMTP_URL")]
    """Mail server, `smtp://[user:password@]host[:port][?starttls=auto|required|never]` or `smtps://…`."""
    sender: Annotated[str, Env("NOTIFICATION_FROM")]
    """Sender of mails, `Tonegate <tonegate@example.org>`."""
    mongo_url: Annotated[Secret, Env("NOTIFICATION_MONGO_URL")]
    """MongoDB of the ledger of sent mails and of the webhooks, a database of its own."""
    link_key: Annotated[Secret, Env("CONVERTER_LINK_KEY", at_least=32)]
    webhook_key: Annotated[Secret, Env("NOTIFICATION_WEBHOOK_KEY", at_least=32)]
    """Encrypts the secrets of webhooks, signs the links "this was not me" and identifies the server to push
    services; a [list](operations.md#shared-keys).
    """
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    verify_url: Annotated[str | None, Env("NOTIFICATION_VERIFY_URL")] = None
    """Page that accepts the secret of a verification mail, for which `{token}` stands; without it that of the
    gateway.
    """
    reset_url: Annotated[str | None, Env("NOTIFICATION_RESET_URL")] = None
    """Page that accepts the secret of a mail about a password reset, for which `{token}` stands; without it
    that of the gateway.
    """
    host: Annotated[str, Env("NOTIFICATION_HOST")] = "127.0.0.1"
    """Address that notification_service listens on."""
    port: Annotated[int, Env("NOTIFICATION_PORT")] = 8004
    """Port of notification_service."""
    metrics_port: Annotated[int, Env("NOTIFICATION_METRICS_PORT")] = 9104
    """Port of notification_service's metrics."""
    smtp_timeout: Annotated[timedelta, Env("NOTIFICATION_SMTP_TIMEOUT", at_least=1)] = timedelta(seconds=60)
    """Time for one attempt at a mail."""
    give_up_after: Annotated[timedelta, Env("NOTIFICATION_GIVE_UP_AFTER", at_least=60)] = timedelta(days=5)
    """Time for all attempts at a mail."""
    ledger_keep: Annotated[timedelta, Env("NOTIFICATION_LEDGER_KEEP", at_least=60)] = timedelta(days=30)
    """How long the record of a sent mail is kept."""
    per_day: Annotated[int, Env("NOTIFICATION_PER_DAY", at_least=1)] = 1000
    """Result mails to one mailbox in a day, whichever accounts cause them."""
    unverified_per_day: Annotated[int, Env("NOTIFICATION_UNVERIFIED_PER_DAY", at_least=1)] = 10
    """Result mails in a day to a mailbox whose account has not verified its address."""
    unverified_total: Annotated[int, Env("NOTIFICATION_UNVERIFIED_TOTAL", at_least=1)] = 30
    """Result mails in all to such a mailbox."""
    gateway_public_keys: Annotated[GatewayPublicKeys, Env("GATEWAY_PUBLIC_KEYS")] = ""
    webhook_http: Annotated[bool, Env("NOTIFICATION_WEBHOOK_HTTP")] = False
    """`true` allows webhooks at `http://…`, for development."""
    webhook_networks: Annotated[tuple[str, ...], Env("NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS")] = ()
    """Networks that webhooks may call besides public addresses, such as `10.1.0.0/16`. With none, local names
    (`mongo`, `x.internal`) are refused as well.
    """
    push_http: Annotated[bool, Env("NOTIFICATION_PUSH_HTTP")] = False
    """`true` allows push services at `http://…`, for development."""
    push_networks: Annotated[tuple[str, ...], Env("NOTIFICATION_PUSH_ALLOWED_NETWORKS")] = ()
    """Networks of push services besides public addresses."""
    webhook_timeout: Annotated[timedelta, Env("NOTIFICATION_WEBHOOK_TIMEOUT", at_least=1)] = timedelta(
        seconds=15
    )
    """Time for one attempt, from name resolution to the response."""
    webhook_retries: Annotated[tuple[str, ...], Env("NOTIFICATION_WEBHOOK_RETRIES")] = RETRIES
    """Waits after the first, second, … failure, each with 20 % jitter."""
    webhook_keep: Annotated[timedelta, Env("NOTIFICATION_WEBHOOK_KEEP", at_least=3600)] = timedelta(days=30)
    """How long a message and its attempts are kept and can be replayed."""
    webhooks_per_account: Annotated[int, Env("NOTIFICATION_WEBHOOKS_PER_ACCOUNT", at_least=1)] = 10
    """Webhooks of an account."""
    webhook_tests_per_host: Annotated[int, Env("NOTIFICATION_WEBHOOK_TESTS_PER_HOST", at_least=1)] = 10
    """Test messages and replays to one host name in a minute, and to one address (of IPv6, one network of 64
    bits), of all accounts together.
    """
    webhook_concurrency: Annotated[int, Env("NOTIFICATION_WEBHOOK_CONCURRENCY", at_least=1)] = 32
    """Concurrent messages of a process; 8 for one account, 4 for one webhook."""

    def __post_init__(self) -> None:
        """Raises SettingsError with one line for each malformed variable."""
        errors = []
        networks = {"WEBHOOK": self.webhook_networks, "PUSH": self.push_networks}
        for kind, texts in networks.items():
            try:
                parse_networks(texts)
            except ValueError as invalid:
                errors.append(f"NOTIFICATION_{kind}_ALLOWED_NETWORKS: {invalid}")
        try:
            longest = max(self.webhook_schedule, default=timedelta())
        except ValueError as invalid:
            errors.append(f"NOTIFICATION_WEBHOOK_RETRIES: {invalid}; it needs a list such as 5s,5m,2h")
        else:
            if self.webhook_keep <= longest:
                errors.append(
                    "NOTIFICATION_WEBHOOK_KEEP: it must be longer than each of NOTIFICATION_WEBHOOK_RETRIES"
                )
        if errors:
            raise SettingsError("\n".join(errors))

    @property
    def webhook_schedule(self) -> tuple[timedelta, ...]:
        """Delays after the first, second, … failed attempt."""
        return tuple(duration(text) for text in self.webhook_retries)

    @property
    def smtp_server(self) -> SmtpServer:
        """Raises SettingsError."""
        try:
            return SmtpServer.from_url(self.smtp_url.reveal())
        except ValueError as invalid:
            raise SettingsError(f"NOTIFICATION_SMTP_URL: {invalid}") from None

    @property
    def from_address(self) -> Address:
        """Raises SettingsError."""
        try:
            return parse_from_address(self.sender)
        except InvalidEmail:
            raise SettingsError(
                "NOTIFICATION_FROM: it should look like Tonegate <tonegate@example.org>"
            ) from None

    @property
    def verify_link(self) -> LinkTemplate | None:
        """Raises SettingsError."""
        return _parse_link("NOTIFICATION_VERIFY_URL", self.verify_url)

    @property
    def reset_link(self) -> LinkTemplate | None:
        """Raises SettingsError."""
        return _parse_link("NOTIFICATION_RESET_URL", self.reset_url)


def _parse_link(variable: str, url: str | None) -> LinkTemplate | None:
    try:
        return LinkTemplate(url) if url else None
    except InvalidLink as invalid:
        raise SettingsError(f"{variable}: {invalid}") from None

"""What the notification service reads from its environment."""

from datetime import timedelta
from typing import Annotated

import msgspec

from shared.settings import Env, HttpUrl, Secret


class NotificationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`port` serves health only. The ledger has a database of its own, named in the path of `mongo_url`."""

    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    smtp_url: Annotated[Secret, Env("NOTIFICATION_SMTP_URL")]
    sender: Annotated[str, Env("NOTIFICATION_FROM")]
    mongo_url: Annotated[Secret, Env("NOTIFICATION_MONGO_URL")]
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    verify_url: Annotated[str | None, Env("NOTIFICATION_VERIFY_URL")] = None
    reset_url: Annotated[str | None, Env("NOTIFICATION_RESET_URL")] = None
    host: Annotated[str, Env("NOTIFICATION_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("NOTIFICATION_PORT")] = 8004
    metrics_port: Annotated[int, Env("NOTIFICATION_METRICS_PORT")] = 9104
    smtp_timeout: Annotated[timedelta, Env("NOTIFICATION_SMTP_TIMEOUT", at_least=1)] = timedelta(seconds=60)
    give_up_after: Annotated[timedelta, Env("NOTIFICATION_GIVE_UP_AFTER", at_least=60)] = timedelta(days=5)
    ledger_keep: Annotated[timedelta, Env("NOTIFICATION_LEDGER_KEEP", at_least=60)] = timedelta(days=30)

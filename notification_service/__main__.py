"""`python -m notification_service`: runs the notification service until SIGTERM or SIGINT.

`check-config` says what is wrong with the settings.
"""

import sys

from notification_service.app import run
from notification_service.settings import NotificationSettings
from shared import process
from shared.configuration_check import COMMAND, MONGODB, check_amqp_url, check_config, check_server_url


def check() -> int:
    """Runs the command `check-config`; returns the exit code."""
    return check_config(
        "notification",
        NotificationSettings,
        NotificationSettings.server_certificate,
        check_amqp_url,
        lambda settings: check_server_url("NOTIFICATION_MONGO_URL", settings.mongo_url, *MONGODB),
        lambda settings: settings.smtp_server,
        lambda settings: settings.from_address,
        lambda settings: settings.verify_link,
        lambda settings: settings.reset_link,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case [str(word)] if word == COMMAND:
            raise SystemExit(check())
        case [_, *_]:
            sys.exit(f"usage: python -m notification_service [{COMMAND}]")
    process.run("notification", NotificationSettings, run)

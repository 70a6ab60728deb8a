"""`python -m notification_service`: runs the notification service until SIGTERM or SIGINT."""

from notification_service.app import run
from notification_service.settings import NotificationSettings
from shared import process

if __name__ == "__main__":
    process.run("notification", NotificationSettings, run)

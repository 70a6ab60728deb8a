"""`python -m notification_service`: sends mail about events until told to stop."""

from notification_service.app import run
from notification_service.settings import NotificationSettings
from shared import process

if __name__ == "__main__":
    process.run("notification", NotificationSettings, run)

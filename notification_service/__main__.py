"""`python -m notification_service`: sends mail about events until told to stop."""

from notification_service.settings import NotificationSettings
from notification_service.worker import run
from shared import process

if __name__ == "__main__":
    process.run("notification", NotificationSettings, run)

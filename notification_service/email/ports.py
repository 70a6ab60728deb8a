"""Port of the mail server."""

from typing import Protocol

from notification_service.email.message import Mail


class Mailer(Protocol):
    """Hands emails to a mail server."""

    async def send(self, mail: Mail) -> None:
        """Returns once the server has accepted the email (250 after DATA, RFC 5321 §4.2.5).

        Raises PermanentFailure or TransientFailure within a bounded time. After TransientFailure the email
        may still have been accepted: a connection that breaks between the last byte and the reply leaves
        that unknown.
        """

    async def ping(self) -> None:
        """Raises TransientFailure when no mail server answers."""

"""Announcements of webhook changes to auth_service."""

from gateway.clients.auth import AuthService
from gateway.identity.principal import Principal
from shared.contracts.webhooks import ChangeOfWebhooks, WebhookChange


class WebhookAnnouncements:
    """Announces changes before notification_service makes them: auth_service demands a fresh proof, and
    records the change. The account's owner gets a mail once it is made.
    """

    def __init__(self, auth: AuthService) -> None:
        self._auth = auth

    async def announce(
        self, caller: Principal, change: ChangeOfWebhooks, current_password: str | None
    ) -> None:
        """Returns when the change is recorded. Raises what AuthService raises."""
        await self._auth.send(
            "POST", "/v1/auth/webhook-changes", WebhookChange(change, current_password), caller
        )

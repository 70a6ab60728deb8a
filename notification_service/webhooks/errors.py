"""Errors of webhooks that a client sees."""

from shared.errors import Conflict


class TooManyWebhooks(Conflict):
    """The account has reached its limit of webhooks."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An account may have {limit} webhooks at most.")


class WebhookDisabled(Conflict):
    title = "The webhook is disabled."

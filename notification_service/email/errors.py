"""Errors of sending email."""


class InvalidEmail(Exception):
    """The event cannot become an email: its recipient, link or secret is not usable. Retries do not help."""


class PermanentFailure(Exception):
    """The mail server refused the recipient or the content permanently (SMTP 5xx)."""


class TransientFailure(Exception):
    """The mail server did not accept the email now, or its answer is unknown. A retry may succeed."""

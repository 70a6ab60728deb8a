"""Names of security events and their results: stable, for alerts on the log and for clients."""

from enum import StrEnum


class Event(StrEnum):
    """What happened to an account."""

    ACCOUNT_REGISTERED = "account_registered"
    ACCOUNT_DELETED = "account_deleted"
    LOGIN = "login"
    LOGOUT = "logout"
    SESSION_ENDED = "session_ended"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a name
    PROOF = "proof"
    SECOND_FACTOR = "second_factor"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_CREATED = "recovery_codes_created"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_IN_USE = "email_in_use"
    EMAIL_CHANGED = "email_changed"
    API_KEY_CREATED = "api_key_created"
    API_KEY_DELETED = "api_key_deleted"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_SECRET_CHANGED = "webhook_secret_changed"  # noqa: S105 - a name
    WEBHOOK_DELETED = "webhook_deleted"


class Result(StrEnum):
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    THROTTLED = "throttled"

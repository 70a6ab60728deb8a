"""Words for changes of what gives access to an account, by the name of the change."""

from msgspec import Struct


class AccessChange(Struct, frozen=True):
    """The subject of the email, and the start of its first sentence, which the account's name continues."""

    subject: str
    what: str


CHANGES = {
    "api_key_created": AccessChange("An API key was created", "An API key was created for"),
    "webhook_created": AccessChange("A webhook was requested", "The creation of a webhook was requested for"),
    "webhook_changed": AccessChange(
        "A change of a webhook was requested", "Another address of a webhook was requested for"
    ),
    "webhook_secret_changed": AccessChange(
        "A webhook's new secret was requested", "A new secret of a webhook was requested for"
    ),
    "identity_unlinked": AccessChange(
        "A sign-in provider was unlinked", "A sign-in provider was unlinked from"
    ),
    "session_ended": AccessChange("A session was ended", "A session was ended by another one of"),
    "email_change_requested": AccessChange(
        "A new address was requested", "A change of the email address was requested for"
    ),
}
OTHER = AccessChange("The access to your account was changed", "The access was changed to")


def describe_change(change: str) -> AccessChange:
    """The words for a change; general ones for a name that a later version has introduced."""
    return CHANGES.get(change, OTHER)

"""Words for events of an account's security, by the name of the event."""

from msgspec import Struct


class SecurityEvent(Struct, frozen=True):
    """The subject of the email, the start of its first sentence, and the name of its template."""

    subject: str
    what: str
    template: str = "access_changed"
    preview: str = "If it was you, there is nothing to do."


EVENTS = {
    "api_key_created": SecurityEvent("An API key was created", "An API key was created for"),
    "webhook_created": SecurityEvent("A webhook was created", "A webhook was created for"),
    "webhook_changed": SecurityEvent("A webhook was changed", "A webhook got another address for"),
    "webhook_secret_changed": SecurityEvent(
        "A webhook got a new secret", "A new secret of a webhook was created for"
    ),
    "identity_unlinked": SecurityEvent(
        "A sign-in provider was unlinked", "A sign-in provider was unlinked from"
    ),
    "factor_added": SecurityEvent(
        "A second factor was added", "A second factor was added to", "factor_added"
    ),
    "factor_removed": SecurityEvent("A second factor was removed", "A second factor was removed from"),
    "recovery_code_used": SecurityEvent("A recovery code was used", "A recovery code was used for"),
    "recovery_codes_created": SecurityEvent(
        "New recovery codes were created", "New recovery codes were created for"
    ),
    "second_factor": SecurityEvent("A sign-in failed at the second factor", "", "second_factor_failed"),
    "session_ended": SecurityEvent("A session was ended", "A session was ended from another session of"),
    "email_change_requested": SecurityEvent(
        "A new address was requested", "A change of the email address was requested for"
    ),
    "email_in_use": SecurityEvent(
        "Your address was entered for another account", "", "email_in_use", "Your account was not changed."
    ),
}
OTHER = SecurityEvent("The access to your account was changed", "The access was changed for")


def describe_event(event: str) -> SecurityEvent:
    """The words for an event; general ones for a name that a later version has introduced."""
    return EVENTS.get(event, OTHER)

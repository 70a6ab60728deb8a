"""What goes wrong when somebody signs in with a provider, in words for the one who tried."""

from shared.errors import Conflict, Forbidden, InvalidRequest, Unavailable


class NotPending(InvalidRequest):
    """Of an unknown, spent or old state and of another browser's the same is said (RFC 9700 §4.7)."""

    code, title = (
        "sign_in_expired",
        "This sign-in was not begun in this browser, took too long, or is over. Please begin again.",
    )


class Refused(InvalidRequest):
    """The provider's answer does not prove who somebody is: a code or a token that is not good."""

    code, title = "sign_in_refused", "The provider did not confirm this sign-in. Please begin again."


class Cancelled(Forbidden):
    """RFC 6749 §4.1.2.1 `access_denied`."""

    code, title = "sign_in_cancelled", "The sign-in was cancelled at the provider."


class AddressNotVerified(Forbidden):
    code, title = (
        "email_not_verified",
        "The provider names no address of yours that it has verified. Verify it there, then begin again.",
    )


class NotLinked(Conflict):
    """Never linked by an address that was not proven here: who registered it may be somebody else, waiting
    for its owner to come along (Sudhodanan and Paverd, "Pre-hijacked accounts", USENIX Security 2022).
    """

    code = "account_not_linked"
    title = (
        "An account with this address exists, and the address was never verified here. Sign in with its "
        "password and verify the address, or reset the password by mail; then begin again."
    )


class OtherIdentity(Conflict):
    code, title = (
        "account_not_linked",
        "The account with this address belongs to another identity at this provider. Sign in with that one.",
    )


class Disabled(Forbidden):
    title = "This account has been disabled."


class ProviderAway(Unavailable):
    title = "The provider cannot be reached right now. Please begin again a little later."

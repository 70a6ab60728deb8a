"""Problem responses of provider logins."""

from shared.errors import Conflict, Forbidden, InvalidRequest, Unavailable


class NoPendingLogin(InvalidRequest):
    """The state is unknown, used, expired or another browser's, indistinguishably (RFC 9700 §4.7)."""

    code, title = (
        "sign_in_expired",
        "This sign-in was not started in this browser, took too long, or has ended. Please start again.",
    )


class LoginRefused(InvalidRequest):
    """The provider's response proves no identity: its code or ID token is not valid."""

    code, title = "sign_in_refused", "The provider did not confirm this sign-in. Please start again."


class LoginCancelled(Forbidden):
    """The provider answered `access_denied` (RFC 6749 §4.1.2.1)."""

    code, title = "sign_in_cancelled", "The sign-in was cancelled at the provider."


class AddressNotVerified(Forbidden):
    code, title = (
        "email_not_verified",
        "The provider has no verified address for this account. Verify one there, then start again.",
    )


class OtherIdentity(Conflict):
    code, title = (
        "account_not_linked",
        "The account with this address is linked to another identity of this provider. Sign in with it.",
    )


class AccountDisabled(Forbidden):
    title = "This account has been disabled."


class ProviderUnavailable(Unavailable):
    title = "The provider cannot be reached right now. Please try again later."

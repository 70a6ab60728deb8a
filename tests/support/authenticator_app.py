"""Authenticator app of a test's person, who types each code once."""

import time

import pyotp

STEP_S = 30


class AuthenticatorApp:
    """Codes of one secret (RFC 6238), none of them twice.

    Servers accept the codes of the steps before and after the current one. The first code is of the current
    step and the second one, if asked for at once, of the next, so that a step may end before either arrives.
    """

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.TOTP(secret, interval=STEP_S)
        self._step = 0

    def next(self) -> str:
        """Returns the code of the current step, or of the one after the last code's."""
        self._step = max(int(time.time()) // STEP_S, self._step + 1)
        return self._codes.generate_otp(self._step)

"""Time-based one-time codes (RFC 6238): six digits, SHA-1, 30 seconds, the only form that all apps know."""

import hmac
from datetime import datetime

import pyotp

DIGITS, STEP_S = 6, 30
# Steps before and after the current one whose codes are accepted (RFC 6238 §5.2).
WINDOW = 1
ISSUER = "Tonegate"


def new_secret() -> str:
    """160 random bits in base32 (RFC 4226 §4, R6)."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, email: str) -> str:
    """The `otpauth://` URI that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, or None.

    The caller stores the step and refuses it and all earlier ones from then on: a code is good once (RFC 6238
    §5.2, ASVS 5.0 §6.5.1). All steps are compared, in constant time.
    """
    generator = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    steps = range(current + WINDOW, current - WINDOW - 1, -1)
    matching = [
        step for step in steps if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode())
    ]
    return matching[0] if matching else None


def is_code(text: str) -> bool:
    """True for six ASCII digits; recovery codes never look like that."""
    return len(text) == DIGITS and text.isascii() and text.isdecimal()

"""Password policy: normalisation, length limits, and refusal of common passwords."""

import unicodedata
from collections.abc import Collection
from importlib import resources

MIN_CHARACTERS = 8
MAX_BYTES = 1024


class PasswordTooLong(ValueError):
    """More than MAX_BYTES of UTF-8 after normalisation; passwords are never truncated."""


class PasswordTooWeak(ValueError):
    """The password is refused; the message describes the weakness for the field error."""


def normalise(password: str) -> str:
    """Normalises a password to NFKC (NIST SP 800-63B §5.1.1.2), so that a password is the same from every
    keyboard. Nothing is cut off, and case is preserved (ASVS 5.0 §6.2.8).

    Raises PasswordTooLong, far beyond the 64 characters that have to be allowed (§6.2.9).
    """
    canonical = unicodedata.normalize("NFKC", password)
    if len(canonical.encode()) > MAX_BYTES:
        raise PasswordTooLong(f"must be at most {MAX_BYTES} bytes long")
    return canonical


def refuse_weak(password: str, email: str, common: Collection[str]) -> None:
    """Raises PasswordTooWeak if the password is short, common, or the account's own address.

    The minimum is eight characters (ASVS 5.0 §6.2.1), without composition rules (§6.2.5). `common` holds
    casefolded passwords (§6.2.4); the address is the only context-specific word of an account (§6.2.11).
    """
    canonical = normalise(password)
    if len(canonical) < MIN_CHARACTERS:
        raise PasswordTooWeak(f"must be at least {MIN_CHARACTERS} characters long")
    folded, address = canonical.casefold(), email.casefold()
    if folded in common:
        raise PasswordTooWeak("is one of the most common passwords")
    if folded in {address, address.partition("@")[0]}:
        raise PasswordTooWeak("must not be your address")


def common_passwords() -> frozenset[str]:
    """The packaged list of common passwords of at least MIN_CHARACTERS, casefolded.

    Longer than the 3,000 that ASVS 5.0 §6.2.4 requires; taken from zxcvbn's frequency list (MIT licence).
    """
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.casefold() for line in text.splitlines() if line)

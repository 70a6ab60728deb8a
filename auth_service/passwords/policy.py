"""Password policy: normalisation, length limits, and refusal of passwords that are easy to guess."""

import re
import unicodedata

from zxcvbn_rs_py import zxcvbn

MIN_CHARACTERS = 8
MAX_BYTES = 1024
# Guesses that a password must withstand: as many as eight random characters.
MIN_GUESSES = 10**8
# The estimator reads no more than this many characters; what is beyond only makes a password harder to guess.
ESTIMATED_CHARACTERS = 100
PRODUCT = "tonegate"
# Shorter parts of an address are in too many good passwords.
MIN_WORD = 3
WORD = re.compile(r"[^\W_]+")


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


def refuse_weak(password: str, email: str) -> None:
    """Raises PasswordTooWeak if the password is short, contains hardly more than the account's address, or is
    easy to guess. Takes some milliseconds of processor time.

    The minimum is eight characters (ASVS 5.0 §6.2.1), without composition rules (§6.2.5). The estimator
    (Wheeler, "zxcvbn", USENIX Security 2016) knows 30,000 common passwords (§6.2.4), names, words, dates,
    keyboard rows, and their usual changes; the words of the address are given to it (§6.2.11).
    """
    canonical = normalise(password)
    if len(canonical) < MIN_CHARACTERS:
        raise PasswordTooWeak(f"must be at least {MIN_CHARACTERS} characters long")
    words = own_words(email)
    if _without(canonical.casefold(), words) < MIN_CHARACTERS // 2:
        raise PasswordTooWeak("must not be made of your address")
    if zxcvbn(canonical[:ESTIMATED_CHARACTERS], words).guesses < MIN_GUESSES:
        raise PasswordTooWeak("is easy to guess: use more words, or words that do not belong together")


def own_words(email: str) -> list[str]:
    """The address, its parts and their words, and the product's name, casefolded; the longest first."""
    address = email.casefold()
    local, _, domain = address.partition("@")
    words = {address, local, domain, PRODUCT, *WORD.findall(address)}
    return sorted((word for word in words if len(word) >= MIN_WORD), key=lambda word: (-len(word), word))


def _without(password: str, words: list[str]) -> int:
    """The number of characters that are left when the words are taken out."""
    for word in words:
        password = password.replace(word, "")
    return len(password)

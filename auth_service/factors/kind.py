"""Kinds of second factors: stable names, in the API, in the activity log and in the database."""

from enum import StrEnum


class Kind(StrEnum):
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"

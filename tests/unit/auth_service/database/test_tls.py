"""Parameters of TLS in libpq URLs."""

import pytest
from sqlalchemy.engine import make_url

from auth_service.database.tls import ssl_argument
from shared.settings import SettingsError


def argument(query: str) -> object:
    return ssl_argument(make_url(f"postgresql://db.example/tonegate{query}")).get("ssl")


@pytest.mark.parametrize(
    ("query", "passed"), [("", None), ("?sslmode=require", "require"), ("?sslmode=disable", "disable")]
)
def test_modes_without_verification_are_those_of_the_driver(query: str, passed: str | None) -> None:
    assert argument(query) == passed


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?sslmode=verify-ful", "'verify-ful' is unknown"),
        ("?sslmode=verify-full&sslrootcert=/absent", "cannot be used"),
        ("?sslmode=verify-full&sslcert=/absent", "cannot be used"),
    ],
)
def test_wrong_parameters_are_bad_settings(query: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"AUTH_DATABASE_URL: .*{reason}"):
        argument(query)

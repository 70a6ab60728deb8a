"""The URL of the database is checked before anything connects, and is not repeated."""

import pytest

from auth_service.database.connection import check_database_url
from shared.settings import Secret, SettingsError


@pytest.mark.parametrize("url", ["", "postgresql", "postgresql://ann:s3cret@host:5432x/name"])
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^AUTH_DATABASE_URL: ") as refused:
        check_database_url(Secret(url))
    assert "s3cret" not in str(refused.value)
    assert "5432x" not in str(refused.value)


def test_a_usable_url_is_accepted() -> None:
    check_database_url(Secret("postgresql://ann:s3cret@host:5432/name?sslmode=verify-full"))

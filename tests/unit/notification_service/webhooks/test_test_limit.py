"""One receiver has one limit of test messages, however its host is written."""

from collections.abc import Sequence

import pytest

from notification_service.admissions import Bound
from notification_service.webhooks.test_limit import TestLimit, TooManyTests


class Once:
    """Admits one member for each key."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def admit(self, key: str, member: str, bounds: Sequence[Bound]) -> bool:
        is_new = key not in self._known
        self._known.add(key)
        return is_new


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://hooks.example.org/a", "https://HOOKS.example.org.:8443/b"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111%251]/"),
        ("https://[2606:4700::1111%251]/", "https://[2606:4700:0:0::1111%252]:8443/"),
    ],
)
async def test_one_host_in_other_spellings_has_one_limit(url: str, same: str) -> None:
    limit = TestLimit(Once(), 1)
    await limit.count(url)
    with pytest.raises(TooManyTests):
        await limit.count(same)
    await limit.count("https://another.example.org/")

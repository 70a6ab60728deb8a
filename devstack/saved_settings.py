"""Settings passed to `up`, saved until `down`, so that restarted processes get the same ones."""

import json
from collections.abc import Mapping

from devstack.home import Home, write_private


class SavedSettings:
    """A JSON file with mode 0600: URLs in it may contain passwords."""

    def __init__(self, home: Home) -> None:
        self._file = home.path / "given.json"

    def save(self, given: Mapping[str, str]) -> None:
        write_private(self._file, json.dumps(given, indent=1))

    def load(self) -> dict[str, str]:
        """Returns the saved settings; empty when the stack is not up."""
        settings: dict[str, str] = json.loads(self._file.read_text()) if self.exist else {}
        return settings

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    @property
    def exist(self) -> bool:
        return self._file.exists()

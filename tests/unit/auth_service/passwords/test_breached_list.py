"""The mounted list of breached passwords."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from auth_service.passwords.breached_list import BreachedList

WORDS = st.text(min_size=1, max_size=12)
LISTED = st.dictionaries(WORDS, st.integers(0, 10**9), max_size=60)


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()


@given(listed=LISTED, other=WORDS, is_upper=st.booleans(), ends_line=st.booleans())
def test_exactly_the_listed_passwords_are_found(
    listed: dict[str, int], other: str, *, is_upper: bool, ends_line: bool
) -> None:
    lines = sorted(f"{digest(word)}:{count}" for word, count in listed.items())
    text = "\n".join(lines) + ("\n" if ends_line else "")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text.upper() if is_upper else text)
        file.flush()
        breached = BreachedList(Path(file.name))
        assert all(breached.contains(word) for word in listed)
        assert breached.contains(other) is (other in listed)

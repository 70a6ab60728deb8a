"""Query strings: parsing, and the parameters that are relayed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from shared.errors import FieldError, InvalidRequest

MAX_PARAMETERS = 64
MAX_NAME_LENGTH = 64
# Relayed as its bytes are: a file name may be in any charset.
ANY_CHARSET = frozenset({"filename"})

Query = Sequence[tuple[str, str]]


def pick(scope: Mapping[str, Any], names: Sequence[str], *, refuse_others: bool = False) -> Query:
    """The parameters in `names`, in the order of the query. Raises InvalidRequest for a repeated one, and
    with `refuse_others` for any other: ignoring a misspelt parameter would change the result.
    """
    given = parsed(scope["query_string"])
    errors = []
    if refuse_others:
        unknown = sorted({name for name, _ in given if name not in names})
        errors += [FieldError(name[:MAX_NAME_LENGTH], "is not known") for name in unknown]
    kept = [(name, value) for name, value in given if name in names]
    counts = Counter(name for name, _ in kept)
    errors += [FieldError(name, "is given more than once") for name, count in counts.items() if count > 1]
    if errors:
        raise InvalidRequest("The query is not valid.", errors=errors)
    return kept


def parsed(query_string: bytes) -> Query:
    """All parameters. Raises InvalidRequest for a query that is not UTF-8 or has too many parameters.

    Bytes of a file name that are not UTF-8 are surrogates, as `surrogateescape` makes them.
    """
    try:
        given = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise InvalidRequest("The query cannot be read.") from None
    if not all(name in ANY_CHARSET or is_utf8(name + value) for name, value in given):
        raise InvalidRequest("The query cannot be read.")
    return given


def is_utf8(text: str) -> bool:
    """Returns False for text with surrogates, which stand for bytes that are not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)

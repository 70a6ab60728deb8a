"""Which parameters of a query cross the gateway: those that the call knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from shared.errors import FieldError, InvalidRequest

MOST_PARAMETERS = 64
LONGEST_NAME = 64

Query = Sequence[tuple[str, str]]


def chosen(scope: Mapping[str, Any], names: Sequence[str], *, refuse_others: bool = False) -> Query:
    """The parameters in `names`, in their order. Raises InvalidRequest for one that is given twice, and with
    `refuse_others` for any other: a misspelt one would change the result in silence.
    """
    given = parsed(scope["query_string"])
    errors = []
    if refuse_others:
        strangers = sorted({name for name, _ in given if name not in names})
        errors += [FieldError(name[:LONGEST_NAME], "is not known") for name in strangers]
    kept = [(name, value) for name, value in given if name in names]
    counts = Counter(name for name, _ in kept)
    errors += [FieldError(name, "is given more than once") for name, count in counts.items() if count > 1]
    if errors:
        raise InvalidRequest("The query is not valid.", errors=errors)
    return kept


def parsed(query_string: bytes) -> Query:
    """Raises InvalidRequest for what is not UTF-8 or has too many parameters."""
    try:
        return parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        raise InvalidRequest("The query cannot be read.") from None

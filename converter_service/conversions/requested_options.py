"""Options of a request, with problems as the API answers them."""

from collections.abc import Mapping

from converter_service.media.option_parser import parse
from converter_service.media.option_problems import BadOptions
from converter_service.media.options import Options
from shared.errors import FieldError, InvalidRequest


def parse_options(fields: Mapping[str, str]) -> Options:
    """Raises InvalidRequest, which names each invalid field."""
    try:
        return parse(fields)
    except BadOptions as bad:
        errors = [FieldError(problem.field, problem.message) for problem in bad.problems]
        raise InvalidRequest("The options are not valid.", errors=errors) from None

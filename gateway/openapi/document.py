"""Adds the responses and headers common to all operations."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from litestar.openapi.spec import (
    Example,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)

from gateway.openapi.problem_responses import DESCRIPTIONS, EVERYWHERE, PROBLEM_JSON, example

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
PROBLEM = "#/components/schemas/{}"

TEXT = Schema(type=OpenAPIType.STRING)
SECONDS = Schema(type=OpenAPIType.INTEGER, minimum=0)

ALWAYS = {
    "X-Request-ID": OpenAPIHeader(schema=TEXT, description="The request's own, if it is well-formed."),
    "RateLimit-Policy": OpenAPIHeader(
        schema=TEXT, description='`"default";q=600;w=60`: 600 requests per minute.'
    ),
    "RateLimit": OpenAPIHeader(
        schema=TEXT, description='`"default";r=599;t=60`: 599 left in the next 60 seconds.'
    ),
}
RETRY_AFTER = OpenAPIHeader(schema=SECONDS, description="Seconds (RFC 9110 §10.2.3).")
BY_STATUS: Mapping[int, dict[str, OpenAPIHeader]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": OpenAPIHeader(schema=TEXT, description="RFC 6750 §3")},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": RETRY_AFTER},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER},
}


def complete(document: OpenAPI) -> None:
    """Adds the problems of every operation and the header fields of every response, forbids unknown fields
    in JSON bodies, and orders the parameters of paths.
    """
    reference = Reference(ref=PROBLEM.format(problem_schema(document)))
    order_path_parameters(document)
    for operation in operations(document):
        close_body(document, operation)
        responses = operation.responses = dict(operation.responses or {})
        for status in EVERYWHERE:
            responses.setdefault(str(status), problem_response(status, reference))
        for status_code, response in responses.items():
            if isinstance(response, OpenAPIResponse):
                own = response.headers or {}
                response.headers = {**ALWAYS, **BY_STATUS.get(int(status_code), {}), **own}


def order_path_parameters(document: OpenAPI) -> None:
    """Puts the parameters of a path first, in the order of the path. Litestar collects them in a set, so that
    clients generated from the document would have another order of arguments after each start.
    """
    for path, item in (document.paths or {}).items():
        if not isinstance(item, PathItem):
            continue
        for call in _calls(item):
            parameters = [each for each in call.parameters or () if isinstance(each, Parameter)]
            in_path = [each for each in parameters if each.param_in == "path"]
            others = [each for each in call.parameters or () if each not in in_path]
            ordered = sorted(in_path, key=lambda each: path.find(f"{{{each.name}}}"))
            call.parameters = [*ordered, *others] or None


def _calls(item: PathItem) -> Iterator[Operation]:
    yield from (call for method in METHODS if (call := getattr(item, method, None)) is not None)


def close_body(document: OpenAPI, operation: Operation) -> None:
    """Forbids unknown fields in the body, and makes a nullable body optional; Litestar omits both."""
    body, components = operation.request_body, document.components
    if not isinstance(body, RequestBody) or not components or not components.schemas:
        return
    for media in body.content.values():
        for reference in references(media.schema):
            components.schemas[reference.ref.rpartition("/")[2]].additional_properties = False
        if may_be_null(media.schema):
            body.required = False


def references(schema: Schema | Reference | None) -> list[Reference]:
    if isinstance(schema, Reference):
        return [schema]
    return [each for each in (schema and schema.one_of) or () if isinstance(each, Reference)]


def may_be_null(schema: Schema | Reference | None) -> bool:
    choices = (schema.one_of if isinstance(schema, Schema) else None) or ()
    return any(isinstance(each, Schema) and each.type == OpenAPIType.NULL for each in choices)


def problem_response(status: int, schema: Reference) -> OpenAPIResponse:
    media = OpenAPIMediaType(schema=schema, examples={"problem": Example(value=example(status))})
    return OpenAPIResponse(description=DESCRIPTIONS[status], content={PROBLEM_JSON: media})


def problem_schema(document: OpenAPI) -> str:
    """The name of the schema of problems."""
    known = document.components.schemas if document.components else None
    return next(name for name in known or {} if name.rpartition(".")[2] == "Problem")


def operations(document: OpenAPI) -> Iterator[Operation]:
    for item in (document.paths or {}).values():
        if isinstance(item, PathItem):
            yield from _calls(item)

"""The client's models agree with the OpenAPI document that the gateway serves."""

import inspect
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio

import tonegate_client.admin_models
import tonegate_client.bulk_models
import tonegate_client.models
import tonegate_client.preset_models
import tonegate_client.result_models
from tests.integration.gateway.rig import running
from tonegate_client.command.conversions import STATUSES
from tonegate_client.command.keys import SCOPES
from tonegate_client.command.options import FORMATS
from tonegate_client.command.webhooks import EVENTS
from tonegate_client.models import FINAL_STATUSES
from tonegate_client.pagination import PAGE
from tonegate_client.uploads import metadata

pytestmark = pytest.mark.asyncio(loop_scope="module")

Schema = Mapping[str, Any]
MODELS = {
    name: struct
    for module in (
        tonegate_client.models,
        tonegate_client.admin_models,
        tonegate_client.bulk_models,
        tonegate_client.preset_models,
        tonegate_client.result_models,
    )
    for name, struct in inspect.getmembers(module, inspect.isclass)
    if issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document() -> AsyncIterator[Schema]:
    async with running() as rig, rig.http.get(f"{rig.url}/schema/openapi.json") as answer:
        yield await answer.json(content_type=None)


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_has_the_fields_and_types_of_its_schema(document: Schema, name: str) -> None:
    theirs = document["components"]["schemas"][name]
    _, components = msgspec.json.schema_components([MODELS[name]])
    ours = components[name]
    assert set(ours["properties"]) == set(theirs["properties"])
    for field, schema in theirs["properties"].items():
        assert types_of(ours["properties"][field]) == types_of(schema), field
    # A field that the server may omit is not required here.
    assert set(ours.get("required", ())) <= set(theirs.get("required", ()))


def types_of(schema: Schema) -> set[str]:
    """Names of JSON types, formats and other schemas; words of an enumeration are strings, or numbers."""
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]}
    for alternatives in ("oneOf", "anyOf"):
        if alternatives in schema:
            return set().union(*(types_of(each) for each in schema[alternatives]))
    if "enum" in schema:
        return {{str: "string", int: "integer", type(None): "null"}[type(each)] for each in schema["enum"]}
    if schema.get("type") == "array":
        return {f"array of {each}" for each in types_of(schema["items"])}
    if "type" not in schema:
        return {"anything"}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {f"{each} {schema.get('format', '')}".strip() for each in types}


async def test_words_that_the_command_offers_are_those_of_the_document(document: Schema) -> None:
    schemas = document["components"]["schemas"]
    assert tuple(schemas["Conversion"]["properties"]["status"]["enum"]) == STATUSES
    assert set(STATUSES) > FINAL_STATUSES
    assert tuple(schemas["Options"]["properties"]["format"]["enum"]) == FORMATS
    assert set(SCOPES) == set(schemas["NewApiKey"]["properties"]["scopes"]["items"]["enum"])
    events = schemas["NewWebhook"]["properties"]["events"]
    assert set(EVENTS) == set(str(events).split("'")) & set(EVENTS)


async def test_every_option_of_an_upload_is_an_option_of_the_client(document: Schema) -> None:
    query = document["paths"]["/v1/conversions"]["post"]["parameters"]
    names = {each["name"] for each in query if each["in"] == "query"}
    assert names - {"filename", "preset"} == set(tonegate_client.models.Options.__struct_fields__)
    assert metadata(b"a", tonegate_client.models.Options(start=1e-6)).endswith("start MC4wMDAwMDE=")


async def test_pages_are_no_longer_than_the_server_permits(document: Schema) -> None:
    query = document["paths"]["/v1/conversions"]["get"]["parameters"]
    (limit,) = (each["schema"] for each in query if each["name"] == "limit")
    assert limit["maximum"] >= PAGE


async def test_every_path_that_the_client_calls_is_documented(document: Schema) -> None:
    paths = set(document["paths"])
    for path in (
        "/v1/admin/audit",
        "/v1/admin/conversions",
        "/v1/admin/dead-letters",
        "/v1/admin/dead-letters/{letter_id}",
        "/v1/admin/dead-letters/{letter_id}/replay",
        "/v1/admin/overview",
        "/v1/admin/users",
        "/v1/admin/users/{user_id}",
        "/v1/auth/login",
        "/v1/auth/login/factor",
        "/v1/auth/refresh",
        "/v1/auth/logout",
        "/v1/auth/proof",
        "/v1/auth/me",
        "/v1/auth/api-keys",
        "/v1/auth/api-keys/{key_id}",
        "/v1/conversions",
        "/v1/conversions/{conversion_id}",
        "/v1/conversions/{conversion_id}/audio",
        "/v1/conversions/{conversion_id}/cancel",
        "/v1/conversions/{conversion_id}/events",
        "/v1/conversions/{conversion_id}/link",
        "/v1/conversions/{conversion_id}/retry",
        "/v1/uploads",
        "/v1/uploads/{upload_id}",
        "/v1/webhooks",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/deliveries",
        "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        "/v1/webhooks/{webhook_id}/secret",
        "/v1/webhooks/{webhook_id}/test",
        "/readyz",
    ):
        assert path in paths

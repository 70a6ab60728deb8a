"""Problem responses, request ids, health routes and metrics of an application."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from litestar import get, post
from litestar.params import FromQuery, JSONBody
from litestar.testing import AsyncTestClient

from auth_service.errors import EmailTaken
from converter_service.errors import NotReady
from shared.errors import Conflict, Overloaded, ServiceError
from shared.http import Check, Wiring, build_application

JSON = {"content-type": "application/json"}


class Colour(StrEnum):
    RED = "red"


class Inner(msgspec.Struct):
    at: datetime


class Body(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    size: Annotated[int, msgspec.Meta(ge=3)] = 3
    share: float = 0.5
    loud: bool = False
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=3)] = ("a",)
    inner: Inner | None = None


@post("/echo")
async def echo(data: JSONBody[Body]) -> Body:
    return data


@get("/page")
async def page(limit: FromQuery[int] = 1, colour: FromQuery[Colour] = Colour.RED) -> str:
    return f"{limit} {colour}"


@get("/broken")
async def broken() -> None:
    raise ValueError("postgresql://user:password@db.internal/")


@get("/conflict")
async def conflict() -> None:
    raise Conflict("Already there.")


@get("/full")
async def full() -> None:
    raise Overloaded(retry_after_s=7)


async def answers() -> None: ...


async def refuses() -> None:
    raise ConnectionRefusedError("db.internal:5432")


def client_of(*checks: Check) -> AsyncTestClient[Any]:
    return AsyncTestClient(
        build_application(Wiring(controllers=[echo, page, broken, conflict, full], checks=checks)),
        raise_server_exceptions=False,
    )


@pytest.fixture
async def client() -> AsyncIterator[AsyncTestClient[Any]]:
    async with client_of() as ready:
        yield ready


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/echo", 405, "method_not_allowed"),
        ("GET", "/conflict", 409, "conflict"),
        ("GET", "/full", 503, "overloaded"),
        ("GET", "/broken", 500, "internal_error"),
    ],
)
async def test_every_error_is_a_problem_with_its_code(
    client: AsyncTestClient[Any], method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["x-request-id"]


async def test_an_unexpected_error_is_logged_in_full_and_hidden_from_the_client(
    client: AsyncTestClient[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/broken")
    assert "internal/" not in answer.text
    assert "password" not in answer.text


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({}, "email", "is required"),
        ({"email": 1}, "email", "must be a string"),
        ({"email": None}, "email", "must be a string"),
        ({"email": "a", "size": "x"}, "size", "must be a whole number"),
        ({"email": "a", "size": 3.5}, "size", "must be a whole number"),
        ({"email": "a", "share": "x"}, "share", "must be a number"),
        ({"email": "a", "loud": "x"}, "loud", "must be true or false"),
        ({"email": "a", "loud": "true"}, "loud", "must be true or false"),
        ({"email": "a", "loud": 1}, "loud", "must be true or false"),
        ({"email": "a", "size": "4"}, "size", "must be a whole number"),
        ({"email": "a", "share": "0.5"}, "share", "must be a number"),
        ({"email": "a", "names": []}, "names", "must have at least 1 entry"),
        ({"email": "a", "names": ["x"] * 4}, "names", "must have at most 3 entries"),
        ({"email": "a", "names": {}}, "names", "must be a list"),
        ({"email": "a", "names": [1]}, "names[0]", "must be a string"),
        ({"email": "a", "inner": 1}, "inner", "must be an object or null"),
        ({"email": "a", "inner": {}}, "inner.at", "is required"),
        (
            {"email": "a", "inner": {"at": 1900000000}},
            "inner.at",
            "must be a time such as 2026-11-20T10:00:00Z",
        ),
        ({"email": "a", "inner": {"at": "noon"}}, "inner.at", "must be a time such as 2026-11-20T10:00:00Z"),
        ([], "body", "must be an object"),
        (None, "body", "must be an object"),
        (1, "body", "must be an object"),
        ({"email": "a", "size": 1}, "size", "must be at least 3"),
        ({"email": "a", "roles": ["admin"]}, "roles", "is not known"),
    ],
)
async def test_an_invalid_field_is_named_in_the_problem(
    client: AsyncTestClient[Any], sent: object, field: str, message: str
) -> None:
    answer = await client.post("/echo", content=json.dumps(sent), headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": message}]


async def test_an_invalid_parameter_is_named_in_the_problem(client: AsyncTestClient[Any]) -> None:
    answer = await client.get("/page", params={"limit": "many", "colour": "pink"})
    assert answer.json()["errors"] == [
        {"field": "limit", "message": "must be a whole number"},
        {"field": "colour", "message": "is none of the values on offer"},
    ]


async def test_an_empty_body_is_called_missing(client: AsyncTestClient[Any]) -> None:
    answer = await client.post("/echo", headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "body", "message": "is required"}]


@pytest.mark.parametrize(
    "said", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"]
)
async def test_json_with_another_content_type_is_refused(client: AsyncTestClient[Any], said: str) -> None:
    answer = await client.post("/echo", content='{"email": "a"}', headers={"content-type": said})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["detail"] == "Send the body as application/json."


@pytest.mark.parametrize("said", ["application/json; charset=utf-8", "Application/JSON", None])
async def test_json_with_its_content_type_or_none_is_accepted(
    client: AsyncTestClient[Any], said: str | None
) -> None:
    headers = {} if said is None else {"content-type": said}
    answer = await client.post("/echo", content=b'{"email": "a"}', headers=headers)
    assert answer.status_code == 201


def test_every_default_detail_is_a_sentence() -> None:
    kinds = every_kind_of(ServiceError)
    assert {EmailTaken, NotReady} <= kinds
    for kind in kinds:
        assert kind.title[0].isupper(), kind
        assert kind.title.endswith("."), kind


def every_kind_of(kind: type[ServiceError]) -> set[type[ServiceError]]:
    return {kind}.union(*(every_kind_of(each) for each in kind.__subclasses__()))


@pytest.mark.parametrize("body", ["{", "", "\x00", "[" * 10_000])
async def test_malformed_json_is_refused(client: AsyncTestClient[Any], body: str) -> None:
    answer = await client.post("/echo", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


async def test_a_body_over_the_limit_is_refused(client: AsyncTestClient[Any]) -> None:
    answer = await client.post("/echo", json={"email": "a" * 100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_wrong_method_gets_the_allowed_ones(client: AsyncTestClient[Any]) -> None:
    assert "POST" in (await client.put("/echo")).headers["allow"]


async def test_overload_has_retry_after(client: AsyncTestClient[Any]) -> None:
    assert (await client.get("/full")).headers["retry-after"] == "7"


async def test_a_valid_request_id_is_kept(client: AsyncTestClient[Any]) -> None:
    answer = await client.get("/healthz", headers={"X-Request-ID": "trace-42"})
    assert answer.headers["x-request-id"] == "trace-42"


@pytest.mark.parametrize("sent", ["", "a" * 65, "two words", "line\tbreak", "<script>"])
async def test_an_invalid_request_id_is_replaced(client: AsyncTestClient[Any], sent: str) -> None:
    answer = await client.get("/healthz", headers={"X-Request-ID": sent})
    assert answer.headers["x-request-id"] != sent


async def test_readiness_names_every_dependency() -> None:
    async with client_of(Check("database", answers), Check("broker", refuses, critical=False)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "broker": "down"}}


async def test_expensive_probes_are_cached_for_longer() -> None:
    asked = list[str]()

    async def often() -> None:
        asked.append("often")

    async def seldom() -> None:
        asked.append("seldom")

    async with client_of(Check("database", often, cached_s=-1), Check("mail", seldom, cached_s=30)) as client:
        for _ in range(2):
            assert (await client.get("/readyz")).json()["checks"] == {"database": "ok", "mail": "ok"}
    assert sorted(asked) == ["often", "often", "seldom"]


async def test_a_service_is_not_ready_without_a_critical_dependency() -> None:
    async with client_of(Check("database", refuses), Check("broker", answers)) as client:
        answer = await client.get("/readyz")
        alive = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["checks"] == {"database": "down", "broker": "ok"}
    assert "internal" not in json.dumps(answer.json()).replace("internal_error", "")
    assert alive.status_code == 200

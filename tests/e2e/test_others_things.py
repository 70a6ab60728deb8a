"""Every route with an id in it, asked by somebody who has no business there (ASVS 5.0 §8.2.2).

The routes are those of the OpenAPI document. A new one with a known kind of id is tried by itself; a new kind
of id needs a row in `OWNED`, `RESERVED` or `NAMES`, and until it has one a test fails.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from auth_service.database import one_connection
from shared.settings import Secret
from tests.support.client import Person, signed_in, visiting
from tests.support.media import Media
from tests.support.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARAMETER = re.compile(r"\{([a-z_]+)\}")
NOBODY_S = ("0" * 32, "00000000-0000-4000-8000-000000000000")
# Bodies that calls need before they look at the id.
BODIES: dict[str, Any] = {"change_user": {"disabled": True}, "link_audio": {"expires_in": 60}}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    operation: str

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    async def asked(self, person: Person, **ids: str) -> httpx.Response:
        path = self.path.format(**ids)
        return await person.request(self.method, path, json=BODIES.get(self.operation))


@dataclass
class Scene:
    """Somebody with one of each, a stranger, and a program of that stranger's."""

    owner: Person
    stranger: Person
    program: Person
    nobody: Person
    routes: list[Route]
    database_url: str
    ids: dict[str, str] = field(default_factory=dict)

    def routes_to(self, parameter: str) -> list[Route]:
        return [route for route in self.routes if parameter in route.parameters]


async def a_conversion(scene: Scene, media: Media) -> str:
    accepted = (await scene.owner.upload(media.video(seconds=1))).raise_for_status()
    return str((await scene.owner.finished(accepted.json()["id"]))["id"])


async def a_session(scene: Scene, _: Media) -> str:
    [own] = (await scene.owner.get("/v1/auth/sessions")).json()["items"]
    return str(own["id"])


async def an_api_key(scene: Scene, _: Media) -> str:
    return str((await scene.owner.post("/v1/auth/api-keys", name="mine")).json()["id"])


async def an_identity(scene: Scene, _: Media) -> str:
    """As a sign-in with a provider leaves one."""
    async with one_connection(Secret(scene.database_url), command_s=10) as connection:
        linked = text(
            "INSERT INTO auth.identities VALUES ('https://issuer.example', :subject, :owner, now(), now())"
        )
        owner = UUID(scene.ids["user_id"])
        await connection.execute(linked, {"subject": scene.owner.email, "owner": owner})
    [own] = (await scene.owner.get("/v1/auth/identities")).json()["items"]
    return str(own["id"])


async def identity_is_there(scene: Scene) -> bool:
    linked = (await scene.owner.get("/v1/auth/identities")).json()["items"]
    return scene.ids["identity_id"] in {each["id"] for each in linked}


async def conversion_is_there(scene: Scene) -> bool:
    return (await scene.owner.audio(scene.ids["conversion_id"])).status_code == 200


async def session_is_there(scene: Scene) -> bool:
    return (await scene.owner.get("/v1/auth/me")).status_code == 200


async def api_key_is_there(scene: Scene) -> bool:
    keys = (await scene.owner.get("/v1/auth/api-keys")).json()["items"]
    return scene.ids["key_id"] in {each["id"] for each in keys}


Make = Callable[[Scene, Media], Awaitable[str]]
IsThere = Callable[[Scene], Awaitable[bool]]

OWNED: dict[str, tuple[Make, IsThere]] = {
    "conversion_id": (a_conversion, conversion_is_there),
    "session_id": (a_session, session_is_there),
    "key_id": (an_api_key, api_key_is_there),
    "identity_id": (an_identity, identity_is_there),
}
"""What belongs to somebody: how they get one, and how they see that it is still there."""

RESERVED = {"user_id"}
"""For administrators alone, whatever the id."""

NAMES = {"provider"}
"""Not somebody's, but what everybody calls it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(system: System, media: Media) -> AsyncIterator[Scene]:
    async with visiting(system.url) as http:
        owner, stranger = await signed_in(http), await signed_in(http)
        made = (await stranger.post("/v1/auth/api-keys", name="theirs")).json()
        program = Person(http, tokens={"access_token": made["key"]})
        document = (await http.get("/schema/openapi.json")).json()
        scene = Scene(owner, stranger, program, Person(http), routes(document), system.stack.postgres.url())
        scene.ids["user_id"] = (await owner.get("/v1/auth/me")).json()["id"]
        for parameter, (make, _) in OWNED.items():
            scene.ids[parameter] = await make(scene, media)
        yield scene


def routes(document: Any) -> list[Route]:
    return [
        Route(method.upper(), path, operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "head", "post", "put", "patch", "delete"} and PARAMETER.search(path)
    ]


async def test_every_route_with_an_id_has_its_row(scene: Scene) -> None:
    named = {parameter for route in scene.routes for parameter in route.parameters}
    assert named == OWNED.keys() | RESERVED | NAMES
    assert all(len(route.parameters) == 1 for route in scene.routes), "each row tries one id"


@pytest.mark.parametrize("parameter", OWNED)
async def test_what_belongs_to_somebody_else_is_not_there(scene: Scene, parameter: str) -> None:
    """Whoever asks is told the same as of an id that nobody ever had: not even that there is something."""
    assert scene.routes_to(parameter)
    for route in scene.routes_to(parameter):
        theirs = await route.asked(scene.stranger, **{parameter: scene.ids[parameter]})
        unknown = await route.asked(scene.stranger, **{parameter: like(scene.ids[parameter])})
        assert (theirs.status_code, unknown.status_code) == (404, 404), route
        assert told(theirs) == told(unknown), route
    _, is_there = OWNED[parameter]
    assert await is_there(scene)


@pytest.mark.parametrize("parameter", OWNED)
async def test_a_program_and_nobody_get_no_further(scene: Scene, parameter: str) -> None:
    for route in scene.routes_to(parameter):
        by_program = await route.asked(scene.program, **{parameter: scene.ids[parameter]})
        assert by_program.status_code in {403, 404}, route
        by_nobody = await route.asked(scene.nobody, **{parameter: scene.ids[parameter]})
        assert by_nobody.status_code == 401, route
    _, is_there = OWNED[parameter]
    assert await is_there(scene)


@pytest.mark.parametrize("parameter", sorted(RESERVED))
async def test_what_is_for_administrators_tells_nobody_else_what_there_is(
    scene: Scene, parameter: str
) -> None:
    for route in scene.routes_to(parameter):
        for identity in (scene.ids[parameter], like(scene.ids[parameter])):
            for person in (scene.stranger, scene.program, scene.owner):
                assert (await route.asked(person, **{parameter: identity})).status_code == 403, route
            assert (await route.asked(scene.nobody, **{parameter: identity})).status_code == 401, route
    assert await session_is_there(scene)


async def test_lists_hold_ones_own_things_only(scene: Scene) -> None:
    lists = ("/v1/conversions", "/v1/auth/sessions", "/v1/auth/api-keys", "/v1/auth/identities")
    for path in lists:
        listed = (await scene.stranger.get(path)).text
        assert not [identity for identity in scene.ids.values() if identity in listed], path
    assert scene.stranger.email not in (await scene.owner.get("/v1/conversions")).text


def like(identity: str) -> str:
    """An id of the same form that nobody has."""
    return next(each for each in NOBODY_S if len(each) == len(identity))


def told(answer: httpx.Response) -> dict[str, Any]:
    """All but what tells one request from another."""
    body = answer.json() if answer.content else {}
    return {name: value for name, value in body.items() if name not in {"request_id", "instance"}}

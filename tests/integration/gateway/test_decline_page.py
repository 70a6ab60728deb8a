"""The page of the link "this was not me": a GET shows it, only a POST acts."""

from tests.integration.gateway.rig import Rig
from tests.integration.gateway.services import ReceivedRequest

LINK = "/not-me?token=u1.abc.def"


async def no_content(seen: ReceivedRequest) -> None:
    await seen.read_body()
    seen.answer("204 No Content")


async def test_opening_the_link_changes_nothing(rig: Rig) -> None:
    """Mail scanners and previews open links, some with HEAD."""
    for method in ("GET", "HEAD", "OPTIONS"):
        async with rig.http.request(method, rig.url + LINK) as answer:
            page = await answer.text()
            assert answer.status < 300
        if method == "GET":
            assert '<form method="post">' in page
            assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
    assert not rig.notification.seen


async def test_its_button_declines_with_the_token_of_the_link(rig: Rig) -> None:
    rig.notification.script = no_content
    async with rig.http.post(rig.url + LINK, data={"": ""}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    [seen] = rig.notification.seen
    assert (seen.method, seen.target) == ("POST", "/internal/declines")
    assert bytes(seen.body) == b'{"token":"u1.abc.def"}'


async def test_a_link_without_a_token_is_refused(rig: Rig) -> None:
    async with rig.http.post(f"{rig.url}/not-me") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "invalid_request")
    assert not rig.notification.seen


async def test_a_token_that_the_service_refuses_is_a_problem(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(400, "invalid_request")

    rig.notification.script = refuse
    async with rig.http.post(rig.url + LINK) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")

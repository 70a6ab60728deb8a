"""Lists are read page by page, and no further than wanted."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.unit.client.api import DELIVERY, LETTER, USER
from tests.unit.client.server import StubServer, conversion, problem
from tonegate_client.client import Client

List = Callable[[Client, int | None], AsyncIterator[object]]
LISTS: dict[str, tuple[object, List]] = {
    "conversions": (conversion(), lambda client, most: client.conversions.list(most=most)),
    "deliveries": (DELIVERY, lambda client, most: client.webhooks.deliveries("w1", most=most)),
    "users": (USER, lambda client, most: client.admin.users(most=most)),
    "dead letters": (LETTER, lambda client, most: client.admin.dead_letters(most=most)),
}


def of_three_pages(item: object) -> StubServer:
    """Full pages, the last without a cursor."""

    def script(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "1"))
        items = [item] * int(request.url.params["limit"])
        return httpx.Response(
            200, json={"items": items, "next_cursor": str(number + 1) if number < 3 else None}
        )

    def limited(request: httpx.Request) -> httpx.Response:
        # A client that asks for the first page again and again must not do so for ever.
        return script(request) if len(server.seen) <= 3 else problem(400, "invalid_request")

    server = StubServer(limited)
    return server


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("most", "asked"),
    [
        (None, ["limit=100", "limit=100&cursor=2", "limit=100&cursor=3"]),
        (150, ["limit=100", "limit=50&cursor=2"]),
        (100, ["limit=100"]),
        (7, ["limit=7"]),
        (0, []),
    ],
)
async def test_a_list_is_read_up_to_what_is_wanted(name: str, most: int | None, asked: list[str]) -> None:
    item, listed = LISTS[name]
    server = of_three_pages(item)
    async with server.client() as client:
        found = [each async for each in listed(client, most)]
    assert len(found) == (300 if most is None else most)
    assert [each.url.query.decode() for each in server.seen] == asked

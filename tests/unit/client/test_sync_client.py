"""The synchronous client: the calls of the asynchronous one, from a thread without an event loop."""

from collections.abc import Iterator

import pytest

from tests.unit.client.api import answer
from tests.unit.client.server import URL, StubServer
from tonegate_client import sync_client as sync_client_module
from tonegate_client.admin import Admin
from tonegate_client.client import Client
from tonegate_client.models import Options
from tonegate_client.problems import Problem
from tonegate_client.sync_admin import SyncAdmin
from tonegate_client.sync_client import SyncClient


@pytest.fixture
def server() -> StubServer:
    return StubServer(answer)


@pytest.fixture
def client(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncClient]:
    def opened(*given: object, **more: object) -> Client:
        return server.client()

    monkeypatch.setattr(sync_client_module, "Client", opened)
    with SyncClient(URL, api_key="tgk_1") as client:
        yield client


def test_each_call_of_administrators_can_be_made_synchronously(
    server: StubServer, client: SyncClient
) -> None:
    admin = client.admin
    assert admin.overview().queued == 4
    assert [each.id for each in admin.users(email="ada")] == ["u1"]
    assert admin.change_user("u1", disabled=True).disabled
    assert [each.owner_id for each in admin.conversions(owner_id="u1", status="failed")] == ["u1"]
    assert [each.id for each in admin.dead_letters(status="waiting")] == ["l1"]
    assert admin.dead_letter("l1").history[0].what.startswith("moved")
    assert admin.replay_dead_letter("l1").status == "replayed"
    admin.discard_dead_letter("l1")
    assert [each.id for each in admin.audit()] == ["a1"]
    assert len(server.seen) == len(calls_of(SyncAdmin))
    assert calls_of(SyncAdmin) == calls_of(Admin)


def calls_of(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_conversions_and_webhooks_are_changed_synchronously(server: StubServer, client: SyncClient) -> None:
    client.end_links("c1")
    assert client.rename("c1", "Ada").title == "Ada"
    assert client.change_webhook("w1", status="disabled").status == "disabled"
    assert client.rotate_webhook_secret("w1").secret == "whsec_2"
    assert [each.id for each in client.webhook_deliveries("w1")] == ["d1"]
    assert client.replay_delivery("w1", "d1").status == "pending"
    with pytest.raises(Problem):
        client.convert_again("c1", Options(format="flac"))
    assert server.seen[-1].content == b'{"source":"c1","format":"flac"}'

"""The supervisor restarts crashed parts after `up`, and none after `down`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.demo.client import Client
from devstack.home import Home
from devstack.ports import free_port
from devstack.stack import Stack
from tests.integration.devstack.commands import alive, command, kill, recorded
from tests.integration.devstack.processes import running
from tests.support.media import Media
from tests.support.wait import until

pytestmark = pytest.mark.timeout(600)
# Not the default: a restarted worker must get it from the saved settings.
CHOSEN = {"CONVERTER_MAX_UPLOAD_BYTES": "12345678"}
BACK_WITHIN_S = 120.0


class Running:
    """A system started by `up`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given = {"GATEWAY_PORT": str(free_port()), **CHOSEN}

    @property
    def stack(self) -> Stack:
        return Stack(self.path, self.given)

    def up(self) -> str:
        return command("up", self.path, self.given)

    def down(self) -> str:
        return command("down", self.path, self.given)

    @property
    def log(self) -> str:
        return Home(self.path).log("supervisor").read_text()

    async def healthy(self) -> None:
        await until(lambda: all(part.is_ready() for part in self.stack.parts), BACK_WITHIN_S, "all is ready")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    system = Running(tmp_path_factory.mktemp("up"))
    try:
        assert "Tonegate is up" in system.up()
        yield system
    finally:
        system.down()


@pytest.fixture
async def healthy(system: Running) -> Running:
    await system.healthy()
    return system


@pytest.mark.parametrize("name", ["worker", "gateway", "converter", "mongo", "rabbitmq", "postgres", "mail"])
async def test_a_killed_part_restarts_on_its_port(healthy: Running, name: str) -> None:
    before = alive(healthy.path, name)
    asked_for = before.cmdline(), before.environ()
    kill(healthy.path, name)
    await until(lambda: healthy.stack.part(name).is_ready(), BACK_WITHIN_S, f"{name} is back")
    successor = alive(healthy.path, name)
    assert successor != before
    assert (successor.cmdline(), successor.environ()) == asked_for
    assert f"{name} has ended" in healthy.log or f"{name} was ended by signal 9" in healthy.log


async def test_a_video_uploaded_while_the_worker_is_down_is_converted(healthy: Running, media: Media) -> None:
    client = Client(healthy.stack.url)
    client.register("ann@example.com", "correct horse battery staple")
    kill(healthy.path, "worker")
    uploaded = client.upload(media.video(3), lambda _: None)
    await until(
        lambda: client.conversion(uploaded["id"])["status"] == "completed", BACK_WITHIN_S, "it is converted"
    )


async def test_a_paused_part_is_not_restarted(healthy: Running) -> None:
    paused = alive(healthy.path, "worker")
    paused.suspend()
    try:
        # By then the supervisor has checked every part more than once.
        kill(healthy.path, "mail")
        await until(healthy.stack.mail.is_ready, BACK_WITHIN_S, "the mail sink is back")
        assert alive(healthy.path, "worker") == paused
    finally:
        paused.resume()


async def test_up_restarts_a_crashed_supervisor(healthy: Running) -> None:
    kill(healthy.path, "supervisor")
    assert "Tonegate is already up" in healthy.up()
    kill(healthy.path, "notification")
    await until(lambda: healthy.stack.service("notification").is_ready(), BACK_WITHIN_S, "it is back")


async def test_up_restarts_parts_that_crashed_after_the_supervisor(healthy: Running) -> None:
    kill(healthy.path, "supervisor", "auth")
    # Without settings `up` repairs with those of the first start.
    said = command("up", healthy.path, {})
    assert f"Tonegate is up: {healthy.stack.url}\n" in said
    await healthy.healthy()
    assert alive(healthy.path, "worker").environ()["CONVERTER_MAX_UPLOAD_BYTES"] == "12345678"


async def test_down_stops_everything_during_restarts(healthy: Running) -> None:
    kill(healthy.path, "rabbitmq", "mongo", "worker", "gateway")
    await until(lambda: recorded(healthy.path, "rabbitmq"), BACK_WITHIN_S, "RabbitMQ is being started")
    said_before = healthy.log
    assert healthy.down() == "Tonegate is down.\n"
    assert running(healthy.path) == []
    # The supervisor was stopped first, so it logged none of the later ends.
    assert "auth" not in healthy.log.removeprefix(said_before)
    assert not healthy.stack.service("gateway").is_ready()
    assert "Tonegate is up" in healthy.up()


async def test_down_stops_everything_after_the_supervisor_was_killed(healthy: Running) -> None:
    kill(healthy.path, "gateway")
    await healthy.healthy()
    kill(healthy.path, "supervisor")
    assert healthy.down() == "Tonegate is down.\n"
    assert running(healthy.path) == []
    assert "Tonegate is up" in healthy.up()

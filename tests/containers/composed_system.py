"""The system of compose.yaml under a project name, ports and volumes of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from devstack.ports import free_port
from tests.containers.docker import BUILD_S, COMMAND_S, docker
from tests.support.wait import until

PROJECT = "tonegate-test"
TAG = "test"


class ComposedSystem(msgspec.Struct, frozen=True):
    """Addresses of a running system. `variables` are those of compose.yaml."""

    url: str
    mail_url: str
    variables: Mapping[str, str]

    def compose(self, *arguments: str, timeout_s: float = COMMAND_S) -> str:
        command = ["compose", "--project-name", PROJECT, *arguments]
        return docker(*command, variables=self.variables, timeout_s=timeout_s)

    def image(self, service: str) -> str:
        return f"tonegate/{service}:{TAG}"

    async def mail_to(self, address: str, words: str) -> str:
        """Waits for a mail with these words in its text; returns that."""
        async with httpx.AsyncClient(base_url=self.mail_url, timeout=30) as http:

            async def arrived() -> str | None:
                messages: list[dict[str, Any]] = (await http.get("/api/v1/messages")).json()["messages"]
                for each in messages:
                    if any(to["Address"] == address for to in each["To"]):
                        text = str((await http.get(f"/api/v1/message/{each['ID']}")).json()["Text"])
                        if words in text:
                            return text
                return None

            return await until(arrived, what=f"a mail about {words!r}")


@contextmanager
def composed_system() -> Iterator[ComposedSystem]:
    """Builds the images and starts all containers; removes containers and volumes at the end."""
    port, mail_port = free_port(), free_port()
    variables = {
        "GATEWAY_BIND": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # Each test signs in.
        "GATEWAY_RATE_LIMIT_LOGIN": "1000/minute",
        "MAILPIT_PORT": str(mail_port),
        "TONEGATE_TAG": TAG,
    }
    system = ComposedSystem(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{mail_port}", variables)
    try:
        system.compose("up", "--build", "--detach", "--wait", timeout_s=BUILD_S)
        yield system
    finally:
        system.compose("down", "--volumes", "--timeout", "30")

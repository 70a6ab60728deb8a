"""A stand-in for the server: scripted responses, and the requests that arrived."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from tonegate_client.client import Client
from tonegate_client.credentials import CredentialStore
from tonegate_client.retry_policy import RetryPolicy

URL = "https://media.example.org"
AT_ONCE = RetryPolicy(attempts=4, first_pause_s=0.0)
Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class StubServer:
    """`script` answers each request; by default with 404."""

    def __init__(self, script: Handler | None = None) -> None:
        self.script: Handler = script or (lambda _: problem(404, "not_found"))
        self.seen: list[httpx.Request] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.script(request)
        return answer if isinstance(answer, httpx.Response) else await answer

    def client(self, credentials: CredentialStore | None = None, **more: Any) -> Client:
        """A client of this server, by default with an API key, that repeats calls without pauses."""
        given = {"credentials": credentials} if credentials else {"api_key": "tgk_1"}
        return Client(
            URL, policy=AT_ONCE, http_transport=httpx.MockTransport(self.answer), **{**given, **more}
        )

    def paths(self) -> list[str]:
        return [f"{each.method} {each.url.path}" for each in self.seen]


def problem(status: int, code: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
    body = {"status": status, "code": code, "detail": "Refused.", "request_id": "r1", **more}
    return httpx.Response(status, json=body, headers=headers)


def conversion(conversion_id: str = "c1", status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "id": conversion_id,
        "status": status,
        "progress": 0.5,
        "source": {"filename": "talk.mp4"},
        "options": {"format": "mp3"},
        "created_at": "2026-11-20T10:00:00Z",
        **more,
    }


EVENT_STREAM = {"Content-Type": "text/event-stream"}


def event(number: int, name: str, body: Mapping[str, Any]) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(body)}\n\n".encode()

"""HTTP client of the public API, as a person uses it."""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.wait import PATIENCE_S, until

FINAL = frozenset({"completed", "failed", "cancelled", "expired"})
PASSWORD = "correct horse battery staple"


@dataclass
class Person:
    """An account (once registered) and its tokens (once signed in)."""

    http: httpx.AsyncClient
    email: str = field(default_factory=lambda: f"{secrets.token_hex(6)}@example.org")
    password: str = PASSWORD
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"} if self.tokens else {}

    async def register(self) -> httpx.Response:
        return await self._post("register", email=self.email, password=self.password)

    async def sign_in(self) -> httpx.Response:
        answer = await self._post("login", email=self.email, password=self.password)
        if answer.is_success:
            self.tokens = answer.json()
        return answer

    async def refresh(self) -> httpx.Response:
        answer = await self._post("refresh", refresh_token=self.tokens["refresh_token"])
        if answer.is_success:
            self.tokens = answer.json()
        return answer

    async def sign_out(self) -> httpx.Response:
        return await self.http.post("/v1/auth/logout", headers=self.headers)

    async def _post(self, action: str, **body: str) -> httpx.Response:
        return await self.http.post(f"/v1/auth/{action}", json=body)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **more)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """Sends a JSON body, or none if no field is given."""
        return await self.request("POST", path, json=body or None)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("GET", path, **more)

    async def upload(self, video: Path, filename: str | None = None, **options: str) -> httpx.Response:
        """Uploads as a browser's form does: the part `file`, with the options as further fields."""
        with video.open("rb") as stream:
            part = (video.name if filename is None else filename, stream, "video/mp4")
            return await self.request("POST", "/v1/conversions", files={"file": part}, data=options)

    async def upload_raw(
        self, body: bytes | AsyncIterable[bytes], filename: str = "talk.mp4", **options: str
    ) -> httpx.Response:
        """Uploads the bytes as the request body."""
        query = {"filename": filename, **options}
        headers = {"Content-Type": "video/mp4"}
        return await self.request("POST", "/v1/conversions", params=query, content=body, headers=headers)

    async def conversion(self, conversion_id: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/conversions/{conversion_id}")
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    async def finished(self, conversion_id: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Polls until the conversion has ended in any state; tolerates responses with 503."""

        async def ended() -> dict[str, Any] | None:
            answer = await self.get(f"/v1/conversions/{conversion_id}")
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                return None
            body: dict[str, Any] = answer.raise_for_status().json()
            return body if body["status"] in FINAL else None

        return await until(ended, timeout_s=timeout_s, what=f"the end of conversion {conversion_id}")

    async def audio(self, conversion_id: str, **headers: str) -> httpx.Response:
        return await self.get(f"/v1/conversions/{conversion_id}/audio", headers=headers)


@asynccontextmanager
async def visiting(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client whose timeouts suit a busy machine."""
    async with httpx.AsyncClient(base_url=base_url, timeout=PATIENCE_S) as client:
        yield client


def from_address() -> dict[str, str]:
    """A trusted proxy's field for a client with an address of its own: limits count by address."""
    return {
        "X-Forwarded-For": f"100.{secrets.randbelow(64)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    }


async def signed_in(http: httpx.AsyncClient) -> Person:
    person = Person(http)
    (await person.register()).raise_for_status()
    (await person.sign_in()).raise_for_status()
    return person

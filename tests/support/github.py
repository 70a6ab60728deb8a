"""Stand-in for GitHub's OAuth: token endpoint, user and email addresses."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.issuer import serving
from tests.support.openid_provider import parameters

CLIENT_ID, CLIENT_SECRET = "gh-client", "gh-secret"
PRIMARY = {"email": "ada@example.org", "primary": True, "verified": True, "visibility": "private"}


@dataclass
class GitHub:
    """`allow` simulates a user who authorizes the application."""

    url: str = ""
    id: int = 583231
    addresses: list[dict[str, Any]] = field(default_factory=lambda: [PRIMARY])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def allow(self, question: str) -> dict[str, str]:
        asked = parameters(question)
        assert question.startswith(f"{self.url}/login/oauth/authorize?")
        assert (asked["client_id"], asked["scope"], asked["response_type"]) == (
            CLIENT_ID,
            "user:email",
            "code",
        )
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/login/oauth/access_token":
            return web.json_response(self._token(dict(await request.post()), request.headers["Accept"]))
        if request.headers.get("Authorization") != "Bearer gho_1":
            return web.json_response({"message": "Requires authentication"}, status=401)
        known: dict[str, Any] = {
            "/user": {"id": self.id, "login": "ada", "email": None},
            "/user/emails": self.addresses,
        }
        return web.json_response(known[request.path])

    def _token(self, form: dict[str, Any], accept: str) -> dict[str, Any]:
        """Returns errors with status 200, as GitHub does."""
        assert accept == "application/json"
        asked = self.codes.pop(form["code"], None)
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "incorrect_client_credentials"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != challenge.rstrip(b"=").decode():
            return {
                "error": "bad_verification_code",
                "error_description": "The code … is incorrect or expired.",
            }
        if form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "redirect_uri_mismatch"}
        return {"access_token": "gho_1", "scope": "user:email", "token_type": "bearer"}


@asynccontextmanager
async def github() -> AsyncIterator[GitHub]:
    there = GitHub()
    async with serving(there.answer) as url:
        there.url = url
        yield there

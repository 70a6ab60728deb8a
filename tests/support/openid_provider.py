"""npm's oidc-provider as a process, and a browser session that signs in with it."""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from devstack.daemon import Daemon
from devstack.home import Home
from devstack.node import NODE
from devstack.servers.environment import plain_environment
from tests.support.npm import installed

SOURCES = Path(__file__).with_name("oidc_provider")

# Contains characters that RFC 6749 §2.3.1 requires to be form-encoded.
CLIENT_SECRET = "a secret: with % + & signs, and 32 characters or more"
LOOPBACK = "http://127.0.0.1/v1/auth/oauth"


class OpenIDProvider(Daemon):
    """Its clients are `tonegate` (provider name `corp`) and `tonegate-ec` (`corp-ec`)."""

    def __init__(self, home: Home, port: int) -> None:
        super().__init__("oidc-provider", home)
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"

    def command(self) -> Sequence[str]:
        return [str(NODE), str(installed(SOURCES) / "server.js")]

    def environment(self) -> Mapping[str, str]:
        return {
            **plain_environment(),
            "PORT": str(self.port),
            "CLIENT_SECRET": CLIENT_SECRET,
            "CALLBACK": f"{LOOPBACK}/corp/callback",
            "EC_CALLBACK": f"{LOOPBACK}/corp-ec/callback",
        }

    def is_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=1)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class Browser:
    """Keeps cookies; follows redirects until a page or the redirect back to the application."""

    def __init__(self) -> None:
        self.http = httpx.AsyncClient(timeout=20, trust_env=False, verify=False)

    async def sign_in(self, question: str, login: str) -> dict[str, str]:
        """Submits the provider's forms; returns the parameters of the redirect back."""
        return parameters(await self.way_back(question, login))

    async def way_back(self, question: str, login: str) -> str:
        page = await self._follow(await self.http.get(question))
        for _ in range(3):
            if isinstance(page, str):
                return page
            page = await self._submit(page, login)
        raise AssertionError("the provider shows more forms than expected")

    async def cancel(self, question: str) -> dict[str, str]:
        page = await self._follow(await self.http.get(question))
        assert not isinstance(page, str)
        abort = re.search(r'href="([^"]+/abort)"', page.text)
        assert abort, page.text
        back = await self._follow(await self.http.get(_absolute(page, abort[1])))
        assert isinstance(back, str)
        return parameters(back)

    async def _submit(self, page: httpx.Response, login: str) -> httpx.Response | str:
        action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert action, page.text
        assert prompt, page.text
        typed = {"prompt": prompt[1], "login": login, "password": "any"}
        return await self._follow(await self.http.post(_absolute(page, action[1]), data=typed))

    async def _follow(self, answer: httpx.Response) -> httpx.Response | str:
        for _ in range(10):
            if not answer.has_redirect_location:
                return answer
            target = urljoin(str(answer.url), answer.headers["Location"])
            if urlsplit(target).path.endswith("/callback"):
                return target
            answer = await self.http.get(target)
        raise AssertionError("too many redirects")


def parameters(url: str) -> dict[str, str]:
    """Returns the query parameters of a URL; each must occur once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def _absolute(page: httpx.Response, reference: str) -> str:
    return urljoin(str(page.url), html.unescape(reference))

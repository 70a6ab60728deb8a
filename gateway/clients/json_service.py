"""JSON requests to a service behind the gateway."""

from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import aiohttp
import msgspec
from litestar import Request
from yarl import URL

from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from gateway.proxy.http_sessions import CONNECT_S, Sessions
from gateway.proxy.repetition import send_repeatable
from gateway.proxy.upstream_errors import BadAnswer, read_answer, refusal, refused_own_token
from gateway.query import Query
from shared.errors import ServiceError, Unavailable
from shared.logs import correlation_id, get_logger

T = TypeVar("T")

CALL_TIMEOUT = timedelta(seconds=10)


class JsonService:
    """A request for a caller has a token of the gateway's own.

    Every method raises PassedOn for a problem that the service answered, BadAnswer for a response that
    does not decode, and Unavailable when the service does not answer within CALL_TIMEOUT.
    """

    def __init__(self, sessions: Sessions, origin: str, tokens: ServiceTokens) -> None:
        self._sessions, self._origin, self._tokens = sessions, URL(origin).origin(), tokens

    async def forward(
        self,
        request: Request[Any, Any, Any],
        path: str,
        answer: type[T] | None,
        *,
        body: object = None,
        caller: Principal | None = None,
        query: Query = (),
    ) -> T | None:
        """Sends a request with the method of `request`; returns the body of the response as `answer`, or None
        when there is no such type.
        """
        content = await self.send(request.method, path, body, caller, query)
        return None if answer is None else decoded(content, answer)

    async def call(
        self, method: str, path: str, answer: type[T], body: object = None, caller: Principal | None = None
    ) -> T:
        """The body of the response as `answer`."""
        return decoded(await self.send(method, path, body, caller), answer)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        caller: Principal | None = None,
        query: Query = (),
    ) -> bytes:
        """The body of the response. `body` is sent as JSON, and nothing is sent for None."""
        url = self._origin.with_path(path)
        request = partial(
            aiohttp.ClientSession.request,
            method=method,
            url=url.with_query(query) if query else url,
            data=None if body is None else msgspec.json.encode(body),
            headers=self._headers(caller, has_body=body is not None),
            allow_redirects=False,
            timeout=time_limit(CALL_TIMEOUT),
        )
        try:
            async with await send_repeatable(request, self._sessions, method) as response:
                content = await read_answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.unavailable(error) from error
        if response.status >= 300:
            raise self._refusal(response, content)
        return content

    def unavailable(self, error: Exception) -> Unavailable:
        """Logs why no response came, and returns the error for the client."""
        get_logger(__name__).warning(
            "service did not answer", service=str(self._origin), reason=type(error).__name__
        )
        return Unavailable("The service cannot be reached right now.")

    def _headers(self, caller: Principal | None, *, has_body: bool) -> dict[str, str]:
        headers = {"X-Request-ID": correlation_id.get(), "Accept": "application/json"}
        if caller is not None:
            headers["Authorization"] = f"Bearer {self._tokens.token_for(caller).reveal()}"
        if has_body:
            headers["Content-Type"] = "application/json"
        return headers

    def _refusal(self, response: aiohttp.ClientResponse, content: bytes) -> ServiceError:
        return refused_own_token(response) or refusal(response.status, response.headers, content)


def decoded(content: bytes, kind: type[T]) -> T:
    """Raises BadAnswer."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer("The service's response cannot be read.") from error


def time_limit(total: timedelta) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total.total_seconds(), connect=CONNECT_S, sock_connect=CONNECT_S)

"""Requests to the server: bearer token, refresh, repetition after failures, problems as exceptions."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec

from tonegate_client.bearer import Bearer
from tonegate_client.problems import Problem, ServerUnreachable, problem_of, unexpected
from tonegate_client.retry_policy import RetryPolicy

T = TypeVar("T")

OnWait = Callable[[float, Exception], None]
"""Called before a pause of so many seconds, with the error that is its reason."""

BUSY = frozenset({429, 503})
BAD_GATEWAY = frozenset({502, 504})
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
IDEMPOTENCY_KEY = "Idempotency-Key"


@dataclass(frozen=True)
class Request:
    """A request. `path` is relative to the server's address; `body` is sent as JSON, `content` as it is.

    A request whose `content` is an iterator is never repeated.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content: AsyncIterable[bytes] | None = None
    is_public: bool = False
    read_timeout_s: float | None = None

    @property
    def is_repeatable(self) -> bool:
        """True if a repetition does no harm when the first request was performed and its response lost."""
        return self.content is None and (self.method in REPEATABLE_METHODS or IDEMPOTENCY_KEY in self.headers)


def keyed_post(path: str, body: Any = None) -> Request:
    """A POST that may be repeated: the server performs it once."""
    return Request("POST", path, body=body, headers={IDEMPOTENCY_KEY: str(uuid.uuid4())})


class Transport:
    """`http` has the server's address as its base URL. `bearer` is None for public calls only."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        bearer: Bearer | None,
        policy: RetryPolicy,
        on_wait: OnWait | None = None,
    ) -> None:
        self._on_wait = on_wait or no_notice
        self._http = http
        self._bearer = bearer
        self.policy = policy

    async def fetch(self, request: Request, kind: type[T]) -> T:
        """Decodes the response's body as `kind`. Raises what `send` raises."""
        response = await self.send(request)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError as error:
            detail = "The response is not what was expected: is this the address of a Tonegate server?"
            raise unexpected(response.status_code, detail) from error

    async def send(self, request: Request) -> httpx.Response:
        """Returns a successful response, with its body read.

        Raises Problem for another one, ServerUnreachable, NotSignedIn.
        """
        response = await self._open(request, with_body=True)
        await response.aclose()
        return response

    @contextlib.asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Like `send`, with the body still to be read. Errors while it is read are those of httpx."""
        response = await self._open(request, with_body=False)
        try:
            yield response
        finally:
            await response.aclose()

    async def _open(self, request: Request, *, with_body: bool) -> httpx.Response:
        failures, is_renewed = 0, False
        while True:
            token = "" if request.is_public or self._bearer is None else await self._bearer.token()
            try:
                response = await self._attempt(request, token)
                if with_body:
                    await response.aread()
            except httpx.TransportError as error:
                failures += 1
                await self.pause(error, failures, may_repeat=may_repeat(request, error))
                continue
            if response.is_success:
                return response
            problem = await _read_problem(response)
            if problem.status == 401 and token and not is_renewed and self._bearer is not None:
                is_renewed = True  # once: a server that refuses every token would be asked for ever
                await self._bearer.renew(token)
            else:
                failures += 1
                await self.pause(problem, failures, may_repeat=may_repeat(request, problem))
            if request.content is not None:
                raise problem  # its bytes are spent

    async def _attempt(self, request: Request, token: str) -> httpx.Response:
        headers = dict(request.headers)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout: httpx.Timeout | None = None
        if request.read_timeout_s is not None:
            usual = self._http.timeout
            timeout = httpx.Timeout(
                connect=usual.connect, read=request.read_timeout_s, write=usual.write, pool=usual.pool
            )
        prepared = self._http.build_request(
            request.method,
            request.path,
            params={name: value for name, value in request.query.items() if value is not None} or None,
            headers=headers,
            content=request.content,
            json=request.body,
            timeout=timeout or self._http.timeout,
        )
        return await self._http.send(prepared, stream=True)

    async def pause(self, error: Exception, failures: int, *, may_repeat: bool = True) -> None:
        """Waits before the next attempt. Raises the error, as one of this package, if there is to be none."""
        wait_s = error.retry_after_s if isinstance(error, Problem) else None
        pause_s = self.policy.pause_s(failures, wait_s) if may_repeat else None
        if pause_s is None:
            if isinstance(error, httpx.TransportError):
                raise ServerUnreachable(describe_error(error)) from error
            raise error
        self._on_wait(pause_s, error)
        await asyncio.sleep(pause_s)


def may_repeat(request: Request, error: Exception) -> bool:
    """False if a repetition might do something twice, or cannot help."""
    if request.content is not None:
        return False  # its bytes are spent
    if isinstance(error, Problem):
        return error.status in BUSY or (error.status in BAD_GATEWAY and request.is_repeatable)
    return request.is_repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def no_notice(pause_s: float, error: Exception) -> None:
    """Does nothing."""


def describe_error(error: httpx.TransportError) -> str:
    """A sentence of plain words: texts of the libraries below are often empty."""
    if isinstance(error, httpx.ConnectTimeout):
        return "The server does not answer."
    if isinstance(error, httpx.ConnectError):
        return f"There is no connection to the server: {error}." if str(error) else "There is no connection."
    if isinstance(error, httpx.TimeoutException):
        return "The server stopped answering."
    return "The connection to the server broke."


async def _read_problem(response: httpx.Response) -> Problem:
    try:
        await response.aread()
    except httpx.TransportError:
        return Problem(
            status=response.status_code,
            code=f"http_{response.status_code}",
            detail=f"The server answered {response.status_code}, and the connection broke.",
        )
    finally:
        await response.aclose()
    return problem_of(response, time.time())

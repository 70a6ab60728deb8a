"""Streams bodies both ways between a client and a service, never whole in memory."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse
from multidict import CIMultiDict
from yarl import URL

from gateway.middleware.request_body import IncomingBody, incoming_body
from gateway.proxy.download import Download
from gateway.proxy.event_stream import LiveDownload, Watch
from gateway.proxy.header_filter import towards_client, towards_service
from gateway.proxy.http_sessions import CONNECT_S, Sessions
from gateway.proxy.path_segments import plain
from gateway.proxy.upload import Upload
from gateway.proxy.upstream_errors import BadAnswer, is_elsewhere, read_answer, refusal
from gateway.query import Query
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

# An event stream has a heartbeat every 15 seconds: three that are missing are no accident.
LIVE_SILENCE_S = 50.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

AnyRequest = Request[Any, Any, Any]


class Patience(msgspec.Struct, frozen=True):
    """`idle` bounds each wait for a piece from either side, `upload` a whole upload, `answer` the wait for a
    service's first word: one that hangs is as good as down, and a client should learn that within seconds.
    """

    idle: timedelta
    upload: timedelta
    answer: timedelta = timedelta(seconds=8)


class Relay:
    """Requests to one service. Its failures become problems; nothing of its address is told."""

    def __init__(self, sessions: Sessions, origin: str, patience: Patience) -> None:
        self._sessions, self._origin, self._patience = sessions, URL(origin).origin(), patience

    async def forward(
        self,
        request: AnyRequest,
        segments: Sequence[str],
        *,
        query: Query = (),
        token: Secret | None,
    ) -> ASGIResponse:
        """The service's answer to this request, sent on as it comes.

        The path is made of `segments`, each of which must be a plain name: a client's id cannot lead anywhere
        else. Raises NotFound when one is not, PassedOn for the service's own problems, Unavailable when it
        cannot be reached, stalls or answers nonsense, ClientDisconnected and RequestTimeout for the client.
        """
        url = self._url(segments, query)
        headers = self._headers(request, token)
        body = incoming_body(request.scope)
        if body is None or request.method not in WITH_BODY:
            return await self._without_body(request, url, headers)
        return await self._with_body(request, url, headers, body)

    async def perform(self, request: AnyRequest, segments: Sequence[str], *, token: Secret | None) -> None:
        """Like `forward`, for calls that answer nothing; a body of the client's is not passed on."""
        headers = self._headers(request, token)
        response = await self._asked(request, self._url(segments, ()), headers)
        response.close()

    async def call(
        self, request: AnyRequest, segments: Sequence[str], *, token: Secret | None, said: object = None
    ) -> msgspec.Raw:
        """The service's JSON answer as it is, for calls whose body is made here: `said`, or none.

        Raises what `forward` raises, and BadAnswer for what is not JSON.
        """
        headers = self._headers(request, token)
        for name in ("Content-Type", "Content-Digest", "Idempotency-Key"):
            headers.popall(name, None)
        body = None if said is None else msgspec.json.encode(said)
        if body is not None:
            headers["Content-Type"] = "application/json"
        response = await self._asked(request, self._url(segments, ()), headers, body)
        try:
            return msgspec.json.decode(await self._read(response), type=msgspec.Raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadAnswer("The service gave an answer that cannot be read.") from error
        finally:
            response.close()

    async def live(
        self, request: AnyRequest, segments: Sequence[str], *, token: Secret, watch: Watch
    ) -> ASGIResponse:
        """Like `forward`, for a stream of events that lasts as long as `watch`. Between its heartbeats the
        service may be silent for longer than anywhere else.
        """
        headers = self._headers(request, token)
        response = await self._asked(request, self._url(segments, ()), headers, live=True)
        return LiveDownload(response, self._patience.idle, watch)

    async def _without_body(self, request: AnyRequest, url: URL, headers: CIMultiDict[str]) -> ASGIResponse:
        response = await self._asked(request, url, headers)
        return Download(response, self._patience.idle, is_head=request.method == "HEAD")

    async def _asked(
        self,
        request: AnyRequest,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes | None = None,
        *,
        live: bool = False,
    ) -> aiohttp.ClientResponse:
        """A body that this call has no use for (RFC 9110 §9.3.1) stays here, and so does its length.

        What a process that is about to stop leaves to others is asked once more, on a new connection.
        """
        headers.popall("Content-Length", None)
        first = self._sessions.live if live else self._sessions.pooled
        again = self._sessions.live if live else self._sessions.single_use
        ask = partial(
            aiohttp.ClientSession.request,
            method=request.method,
            url=url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout(LIVE_SILENCE_S if live else 0.0),
        )
        try:
            async with asyncio.timeout(self._patience.answer.total_seconds()):
                response = await ask(first)
                if is_elsewhere(response):
                    response.close()
                    response = await ask(again)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        if response.status >= 300 and response.status != 304:
            raise await self._refused(response)
        return response

    async def _with_body(
        self, request: AnyRequest, url: URL, headers: CIMultiDict[str], body: IncomingBody
    ) -> ASGIResponse:
        """`Expect: 100-continue` (RFC 9110 §10.1.1) lets the service refuse by the header alone, before a
        byte of the body has left a client that waits for it too.
        """
        body.allow(self._patience.upload)
        length = headers.get("Content-Length")
        upload = Upload(body, int(length) if length is not None else None, self._patience.idle)
        response = None
        try:
            async with asyncio.timeout(None) as patience:
                upload.watch(patience, self._patience.answer)
                response = await self._sessions.single_use.request(
                    request.method,
                    url,
                    data=upload,
                    headers=headers,
                    expect100=True,
                    allow_redirects=False,
                    timeout=self._timeout(),
                )
            upload.refuse()
            return await self._answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise upload.failure or _unavailable(error) from error
        finally:
            upload.refuse()
            if response is not None:
                response.close()
            await upload.settle()

    async def _answer(self, response: aiohttp.ClientResponse) -> ASGIResponse:
        """Answers to uploads are small, and are read whole: the client's body may still be coming."""
        if response.status >= 300:
            raise await self._refused(response)
        content = await self._read(response)
        headers = [
            (name, value) for name, value in towards_client(response.headers) if name != "content-length"
        ]
        return ASGIResponse(body=content, status_code=response.status, headers=headers)

    async def _refused(self, response: aiohttp.ClientResponse) -> Exception:
        try:
            content = b"" if response.method == "HEAD" else await self._read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _unavailable(error)
        except BadAnswer as bad:
            return bad
        finally:
            response.close()
        return refusal(response.status, response.headers, content)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        async with asyncio.timeout(self._patience.idle.total_seconds()):
            return await read_answer(response)

    def _url(self, segments: Sequence[str], query: Query) -> URL:
        path = "/" + "/".join(plain(segment) for segment in segments)
        asked = urlencode(query, quote_via=quote)
        return URL(f"{self._origin}{path}?{asked}" if asked else f"{self._origin}{path}", encoded=True)

    def _headers(self, request: AnyRequest, token: Secret | None) -> CIMultiDict[str]:
        headers = towards_service(request.scope["headers"])
        headers["X-Request-ID"] = correlation_id.get()
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        return headers

    def _timeout(self, at_least_s: float = 0.0) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None,
            connect=CONNECT_S,
            sock_connect=CONNECT_S,
            sock_read=max(at_least_s, self._patience.idle.total_seconds()),
        )


def _unavailable(error: Exception) -> Unavailable:
    get_logger(__name__).warning("service did not answer", reason=type(error).__name__)
    return Unavailable("The service cannot be reached right now.")

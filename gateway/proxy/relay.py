"""Relays requests to one service, and streams bodies in both directions."""

import asyncio
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

from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from gateway.limits.concurrency import stream_pace
from gateway.limits.incoming_body import IncomingBody, incoming_body
from gateway.proxy.download import Download
from gateway.proxy.event_stream import EventStreamDownload, Watch
from gateway.proxy.header_filter import towards_client, towards_service
from gateway.proxy.http_sessions import CONNECT_S, Sessions
from gateway.proxy.repetition import is_unhandled, send_repeatable
from gateway.proxy.upload import Upload
from gateway.proxy.upstream_errors import BadAnswer, read_answer, refusal, refused_own_token
from gateway.query import Query
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger

# Three missing heartbeats of an event stream, which has one every 15 seconds.
EVENT_STREAM_IDLE_S = 50.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# Fields about the client's body, which are wrong for a body that the gateway sends instead.
BODY_FIELDS = ("Content-Type", "Content-Digest", "Idempotency-Key")

AnyRequest = Request[Any, Any, Any]


class Timeouts(msgspec.Struct, frozen=True):
    """`idle` bounds each wait for the next piece of a body, `upload` a whole upload, and `answer` the wait
    for the header of a service's response.
    """

    idle: timedelta
    upload: timedelta
    answer: timedelta = timedelta(seconds=8)


class Relay:
    """Relays requests to the service at `origin`, those for a caller with a token of the gateway's own.

    Every method raises PassedOn for a problem that the service answered, and Unavailable when the service
    cannot be reached, stalls or sends an invalid response. Paths consist of unreserved characters.
    """

    def __init__(self, sessions: Sessions, origin: str, timeouts: Timeouts, tokens: ServiceTokens) -> None:
        self._sessions, self._origin, self._timeouts = sessions, URL(origin).origin(), timeouts
        self._tokens = tokens

    async def stream(
        self, request: AnyRequest, path: str, *, query: Query = (), caller: Principal | None
    ) -> ASGIResponse:
        """The service's response to this request, streamed; the request's body is streamed to the service.

        Raises ClientDisconnected and RequestTimeout when the client does not send its body.
        """
        body = incoming_body(request.scope)
        if body is not None and request.method in WITH_BODY:
            return await self._upload(request, self._url(path, query), self._headers(request, caller), body)
        response = await self._request(request, self._url(path, query), self._headers(request, caller))
        pace = stream_pace(request.scope)
        return Download(response, self._timeouts.idle, pace, is_head=request.method == "HEAD")

    async def forward(
        self,
        request: AnyRequest,
        path: str,
        answer: object,
        *,
        body: object = None,
        caller: Principal | None = None,
        query: Query = (),
    ) -> msgspec.Raw | None:
        """The service's JSON response as it is, or None when `answer` is None. The request's own body is not
        relayed: `body` is sent as JSON, and nothing is sent for None.

        Raises BadAnswer for a response that is not JSON.
        """
        headers = self._headers(request, caller)
        for name in BODY_FIELDS:
            headers.popall(name, None)
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        response = await self._request(request, self._url(path, query), headers, content)
        try:
            if answer is None:
                return None
            return msgspec.json.decode(await self._read(response), type=msgspec.Raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadAnswer("The service's response cannot be read.") from error
        finally:
            response.close()

    async def events(
        self, request: AnyRequest, path: str, *, caller: Principal, watch: Watch
    ) -> ASGIResponse:
        """The service's event stream, until `watch` ends it."""
        headers = self._headers(request, caller)
        response = await self._request(request, self._url(path, ()), headers, event_stream=True)
        return EventStreamDownload(response, self._timeouts.idle, watch)

    async def _request(
        self,
        request: AnyRequest,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes | None = None,
        *,
        event_stream: bool = False,
    ) -> aiohttp.ClientResponse:
        """Sends a request without the client's body (RFC 9110 §9.3.1)."""
        headers.popall("Content-Length", None)
        send = partial(
            aiohttp.ClientSession.request,
            method=request.method,
            url=url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout(EVENT_STREAM_IDLE_S if event_stream else 0.0),
        )
        sessions = self._sessions.for_events() if event_stream else self._sessions
        try:
            async with asyncio.timeout(self._timeouts.answer.total_seconds()):
                response = await send_repeatable(send, sessions, request.method)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        if response.status >= 300 and response.status != 304:
            raise await self._refused(response)
        return response

    async def _upload(
        self, request: AnyRequest, url: URL, headers: CIMultiDict[str], body: IncomingBody
    ) -> ASGIResponse:
        """With `Expect: 100-continue` (RFC 9110 §10.1.1) the service can refuse the request by its header,
        before the client sends its body. If that process is about to stop, the request is sent once more:
        nothing was read of the body yet.
        """
        body.allow(self._timeouts.upload, stream_pace(request.scope))
        length = headers.get("Content-Length")
        upload = Upload(body, int(length) if length is not None else None, self._timeouts.idle)
        send = partial(
            self._sessions.single_use.request,
            request.method,
            url,
            headers=headers,
            expect100=True,
            allow_redirects=False,
            timeout=self._timeout(),
        )
        response = None
        try:
            async with asyncio.timeout(None) as timeout:
                upload.watch(timeout, self._timeouts.answer)
                response = await send(data=upload)
                if is_unhandled(response) and not body.begun:
                    response.close()
                    upload.watch(timeout, self._timeouts.answer)
                    response = await send(data=upload)
            upload.stop()
            return await self._answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise upload.failure or _unavailable(error) from error
        finally:
            upload.stop()
            if response is not None:
                response.close()
            await upload.settle()

    async def _answer(self, response: aiohttp.ClientResponse) -> ASGIResponse:
        """The response to an upload, read whole: it is small, and the client may still be sending."""
        if response.status >= 300:
            raise await self._refused(response)
        content = await self._read(response)
        headers = [
            (name, value) for name, value in towards_client(response.headers) if name != "content-length"
        ]
        return ASGIResponse(body=content, status_code=response.status, headers=headers)

    async def _refused(self, response: aiohttp.ClientResponse) -> Exception:
        """The error for a response of 3xx, 4xx or 5xx."""
        try:
            content = b"" if response.method == "HEAD" else await self._read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _unavailable(error)
        except BadAnswer as bad:
            return bad
        finally:
            response.close()
        return refused_own_token(response) or refusal(response.status, response.headers, content)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        async with asyncio.timeout(self._timeouts.idle.total_seconds()):
            return await read_answer(response)

    def _headers(self, request: AnyRequest, caller: Principal | None) -> CIMultiDict[str]:
        headers = towards_service(request.scope["headers"])
        headers["X-Request-ID"] = correlation_id.get()
        if caller is not None:
            headers["Authorization"] = f"Bearer {self._tokens.token_for(caller).reveal()}"
        return headers

    def _url(self, path: str, query: Query) -> URL:
        encoded = urlencode(query, quote_via=quote, errors="surrogateescape")
        return URL(f"{self._origin}{path}?{encoded}" if encoded else f"{self._origin}{path}", encoded=True)

    def _timeout(self, at_least_s: float = 0.0) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None,
            connect=CONNECT_S,
            sock_connect=CONNECT_S,
            sock_read=max(at_least_s, self._timeouts.idle.total_seconds()),
        )


def _unavailable(error: Exception) -> Unavailable:
    get_logger(__name__).warning("service did not answer", reason=type(error).__name__)
    return Unavailable("The service cannot be reached right now.")

"""Request id, log line and metrics of each request."""

import logging
import re
import secrets
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage
from prometheus_client import CollectorRegistry

from shared.http.request_metrics import RequestMetrics
from shared.logs import correlation_id, get_logger

REQUEST_ID = b"x-request-id"
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LOGGER = "http"
HEALTH_ROUTES = frozenset({"/healthz", "/readyz"})


def request_id(scope: Scope) -> str:
    """The client's X-Request-ID if it is safe in a log line, else a new id."""
    sent = next((value.decode("latin-1") for name, value in scope["headers"] if name == REQUEST_ID), "")
    return sent if SAFE_ID.fullmatch(sent) else secrets.token_hex(16)


class RequestLogMiddleware:
    """ASGI middleware around the whole application, so that its errors carry a request id, too."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._logger = logging.getLogger(LOGGER)
        self._metrics = RequestMetrics(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        identity, started = request_id(scope), time.monotonic()
        status = received = sent = 0

        async def receiving() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message["body"])
            return message

        async def answer(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                others = [field for field in message["headers"] if field[0].lower() != REQUEST_ID]
                message["headers"] = [*others, (REQUEST_ID, identity.encode())]
            await send(message)
            if message["type"] == "http.response.body":
                sent += len(message["body"])

        before = correlation_id.set(identity)
        self._metrics.running.inc()
        try:
            await self._app(scope, receiving, answer)
        finally:
            self._metrics.running.dec()
            self._record(scope, status, time.monotonic() - started, received, sent)
            correlation_id.reset(before)

    def _record(self, scope: Scope, status: int, seconds: float, received: int, sent: int) -> None:
        """Labels metrics by route, since paths contain ids. Logs no query: it may hold a signature."""
        route = str(scope.get("path_template") or "unmatched")
        method = str(scope.get("method", ""))
        method = method if method in METHODS else "other"
        self._metrics.of(method, route, status).record(seconds, received, sent)
        level = logging.DEBUG if route in HEALTH_ROUTES else logging.INFO
        if self._logger.isEnabledFor(level):  # building a discarded line costs as much
            get_logger(LOGGER).log(
                level, "request", method=method, path=scope["path"], status=status, seconds=round(seconds, 4)
            )

"""Request id, log line and metrics of each request."""

import logging
import re
import secrets
import time
from collections.abc import Sequence

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.logs import correlation_id, get_logger

REQUEST_ID = b"x-request-id"
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
DURATION_BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0)
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
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        labels: Sequence[str] = ("method", "route", "status")
        self._requests = Counter("http_requests", "Requests by outcome", labels, registry=registry)
        self._seconds = Histogram(
            "http_request_seconds",
            "Time to the last byte",
            ("method", "route"),
            buckets=DURATION_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        identity, started = request_id(scope), time.monotonic()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                others = [field for field in message["headers"] if field[0].lower() != REQUEST_ID]
                message["headers"] = [*others, (REQUEST_ID, identity.encode())]
            await send(message)

        before = correlation_id.set(identity)
        try:
            await self._app(scope, receive, answer)
        finally:
            self._record(scope, status, time.monotonic() - started)
            correlation_id.reset(before)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Labels metrics by route, since paths contain ids. Logs no query: it may hold a signature."""
        route = str(scope.get("path_template") or "unmatched")
        method = str(scope.get("method", ""))
        method = method if method in METHODS else "other"
        requests, duration = self._meters(method, route, status)
        requests.inc()
        duration.observe(seconds)
        level = logging.DEBUG if route in HEALTH_ROUTES else logging.INFO
        if self._logger.isEnabledFor(level):  # building a discarded line costs as much
            get_logger(LOGGER).log(
                level, "request", method=method, path=scope["path"], status=status, seconds=round(seconds, 4)
            )

    def _meters(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """Cached by outcome: prometheus-client takes a lock to find a labelled metric."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
            self._known[method, route, status] = known
        return known

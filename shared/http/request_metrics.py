"""Metrics of requests by route: number and outcome, duration, bodies, and how many are running."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.metrics import SHORT_BUCKETS


class RouteMeters:
    """The metrics of one method, route and status, which share those that depend on the route only."""

    def __init__(self, requests: Counter, seconds: Histogram, received: Counter, sent: Counter) -> None:
        self._requests, self._seconds = requests, seconds
        self._received, self._sent = received, sent

    def record(self, seconds: float, received: int, sent: int) -> None:
        """Counts a request that has ended, with the bytes of its body and of its response."""
        self._requests.inc()
        self._seconds.observe(seconds)
        if received:
            self._received.inc(received)
        if sent:
            self._sent.inc(sent)


class RequestMetrics:
    """The requests of one process. Routes are templates, whose number is bounded; paths contain ids."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._known: dict[tuple[str, str, int], RouteMeters] = {}
        self._requests = Counter(
            "http_requests", "Requests by outcome", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "Time to the last byte",
            ("method", "route"),
            buckets=SHORT_BUCKETS,
            registry=registry,
        )
        self._received = Counter(
            "http_request_body_bytes", "Bytes of the bodies of ended requests", ("route",), registry=registry
        )
        self._sent = Counter(
            "http_response_body_bytes",
            "Bytes of the bodies of ended responses",
            ("route",),
            registry=registry,
        )
        self.running = Gauge("http_requests_in_progress", "Requests that have not ended", registry=registry)

    def of(self, method: str, route: str, status: int) -> RouteMeters:
        """Cached by outcome: prometheus-client takes a lock to find a labelled metric."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self._known[method, route, status] = RouteMeters(
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
                self._received.labels(route),
                self._sent.labels(route),
            )
        return known

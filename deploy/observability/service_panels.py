"""Panels that several dashboards share: requests, messages, outbox, pool and process of one service."""

from collections.abc import Sequence

from deploy.observability.panels import Panel, graph

RATE = "[$__rate_interval]"


def quantile(share: float, histogram: str, by: str, selector: str = "") -> str:
    """PromQL for a quantile of a histogram, for each value of the label `by`."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({histogram}_bucket{selector}{RATE})))"


def requests(job: str) -> Sequence[Panel]:
    """Rate, errors and duration of a service's routes, and its bytes."""
    own = f'{{job="{job}"}}'
    failed = f'{{job="{job}", status=~"[45].."}}'
    return [
        graph(
            "Requests by route",
            "reqps",
            (f"sum by (route) (rate(http_requests_total{own}{RATE}))", "{{route}}"),
        ),
        graph(
            "Errors by route and status",
            "reqps",
            (f"sum by (route, status) (rate(http_requests_total{failed}{RATE}))", "{{route}} {{status}}"),
        ),
        graph(
            "95th percentile of durations by route",
            "s",
            (quantile(0.95, "http_request_seconds", "route", own), "{{route}}"),
        ),
        graph("Requests in progress", "short", (f"http_requests_in_progress{own}", "{{instance}}")),
        graph(
            "Bytes of bodies",
            "Bps",
            (f"sum(rate(http_request_body_bytes_total{own}{RATE}))", "received"),
            (f"sum(rate(http_response_body_bytes_total{own}{RATE}))", "sent"),
        ),
    ]


def messages(job: str) -> Sequence[Panel]:
    """Rate, errors, duration and waiting time of the messages that a service consumes."""
    own = f'{{job="{job}"}}'
    return [
        graph(
            "Messages by queue and outcome",
            "ops",
            (f"sum by (queue, outcome) (rate(consumer_messages_total{own}{RATE}))", "{{queue}} {{outcome}}"),
        ),
        graph(
            "95th percentile of handling",
            "s",
            (quantile(0.95, "consumer_message_seconds", "queue", own), "{{queue}}"),
        ),
        graph(
            "95th percentile of waiting",
            "s",
            (quantile(0.95, "consumer_message_wait_seconds", "queue", own), "{{queue}}"),
        ),
        graph(
            "Messages in progress and waiting",
            "short",
            (f"sum by (queue) (consumer_messages_in_progress{own})", "{{queue}} in progress"),
            (f"max by (queue) (consumer_queue_messages{own})", "{{queue}} waiting"),
        ),
    ]


def publications(job: str) -> Sequence[Panel]:
    """Events that a service publishes, and its outbox."""
    own = f'{{job="{job}"}}'
    return [
        graph(
            "Events published",
            "ops",
            (f"sum by (type, outcome) (rate(publisher_messages_total{own}{RATE}))", "{{type}} {{outcome}}"),
        ),
        graph(
            "Outbox",
            "short",
            (f"max(outbox_events{own})", "events"),
            (f"max(outbox_oldest_age_seconds{own})", "age of the oldest (s)"),
        ),
    ]


def process(job: str) -> Sequence[Panel]:
    """Processor time, memory and descriptors of a service's processes."""
    own = f'{{job="{job}"}}'
    return [
        graph("Processor", "percentunit", (f"rate(process_cpu_seconds_total{own}{RATE})", "{{instance}}")),
        graph("Memory", "bytes", (f"process_resident_memory_bytes{own}", "{{instance}}")),
        graph("File descriptors", "short", (f"process_open_fds{own}", "{{instance}}")),
    ]


def pool(job: str) -> Sequence[Panel]:
    """Connections to the service's database."""
    own = f'{{job="{job}"}}'
    return [
        graph(
            "Connections to the database",
            "short",
            (f"pool_connections_in_use{own}", "{{instance}} in use"),
            (f"pool_connections_max{own}", "{{instance}} at most"),
        ),
    ]

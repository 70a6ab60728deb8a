"""The dashboards. `python -m deploy.observability.dashboards` writes their files after a change."""

from collections.abc import Sequence
from pathlib import Path

from deploy.observability.panels import Dashboard, Panel, graph, log_lines, number, rendered
from deploy.observability.service_panels import (
    RATE,
    messages,
    pool,
    process,
    publications,
    quantile,
    requests,
)

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
MADE = f"(sum(rate(converter_media_seconds_total{RATE})) > 0)"
CREATION = 'route=~"/v1/(conversions|uploads)", method="POST", status=~"20[12]"'


def system() -> Sequence[Panel]:
    return [
        number("Processes up", "short", "sum(up)"),
        number("Responses with 5xx", "percentunit", "max(job:http_errors:ratio_rate5m)"),
        number("Dead letters waiting", "short", "max(dead_letters_waiting)"),
        graph("Processes up by service", "short", ("sum by (job) (up)", "{{job}}")),
        graph("Requests by service", "reqps", ("job:http_requests:rate5m", "{{job}}")),
        graph("Share of 5xx by service", "percentunit", ("job:http_errors:ratio_rate5m", "{{job}}")),
        graph("95th percentile of short requests", "s", ("job:http_request_seconds:p95_rate5m", "{{job}}")),
        graph("Queue", "short", ("tonegate:conversions:max", "{{status}}")),
        graph(
            "Ages",
            "s",
            ("tonegate:queue_oldest_age_seconds:max", "oldest queued conversion"),
            ("job:outbox_oldest_age_seconds:max", "oldest event of {{job}}"),
        ),
        graph("Messages waiting in the broker", "short", ("queue:consumer_queue_messages:max", "{{queue}}")),
        graph("Use of pools", "percentunit", ("instance:pool_connections:ratio", "{{job}} {{pool}}")),
        graph("Samples that failed", "short", ("job:sample_failures:increase5m", "{{job}} {{sample}}")),
        graph("Memory", "bytes", ("process_resident_memory_bytes", "{{job}} {{instance}}")),
        graph("Processor", "percentunit", (f"rate(process_cpu_seconds_total{RATE})", "{{job}} {{instance}}")),
        log_lines("Warnings and errors", '{service=~".+", level=~"warning|error|critical"}'),
    ]


def business() -> Sequence[Panel]:
    return [
        number("Conversions completed in 24 hours", "short", _increase("runs_total", 'outcome="completed"')),
        number("Conversions failed in 24 hours", "short", _increase("runs_total", 'outcome="failed"')),
        number("Hours of audio in 24 hours", "h", f"{_increase('media_seconds_total')} / 3600"),
        graph(
            "Accounts and sign-ins",
            "cps",
            (f'sum(rate(http_requests_total{{job="gateway", {_auth("register")}}}{RATE}))', "registered"),
            (f'sum(rate(http_requests_total{{job="gateway", {_auth("login")}}}{RATE}))', "signed in"),
        ),
        graph(
            "Videos accepted",
            "cps",
            (f'sum by (route) (rate(http_requests_total{{job="gateway", {CREATION}}}{RATE}))', "{{route}}"),
        ),
        graph(
            "Conversions ended",
            "cps",
            (f"sum by (outcome) (rate(converter_runs_total{RATE}))", "{{outcome}}"),
        ),
        graph(
            "Failures by code", "cps", (f"sum by (code) (rate(converter_failures_total{RATE}))", "{{code}}")
        ),
        graph(
            "Bytes",
            "Bps",
            (f"sum(rate(converter_source_bytes_total{RATE}))", "videos"),
            (f"sum(rate(converter_result_bytes_total{RATE}))", "audio"),
        ),
        graph(
            "Seconds of audio a second",
            "short",
            (f"sum(rate(converter_media_seconds_total{RATE}))", "made"),
        ),
        graph(
            "Processor seconds for a second of audio",
            "s",
            (f"sum(rate(converter_processor_seconds_total{RATE})) / {MADE}", "of programs"),
        ),
        graph("Mails", "cps", (f"sum by (outcome) (rate(letters_total{RATE}))", "{{outcome}}")),
        graph("Removals", "cps", (f"sum by (what) (rate(converter_removed_total{RATE}))", "{{what}}")),
    ]


def workers() -> Sequence[Panel]:
    return [
        graph(
            "Slots",
            "short",
            ("sum(converter_slots_in_use)", "in use"),
            ("sum(converter_slots)", "of all workers"),
        ),
        graph("Slots in use by worker", "short", ("converter_slots_in_use", "{{instance}}")),
        graph("Conversions", "short", ("tonegate:conversions:max", "{{status}}")),
        graph("Runs", "ops", (f"sum by (outcome) (rate(converter_runs_total{RATE}))", "{{outcome}}")),
        graph(
            "95th percentile of phases",
            "s",
            (quantile(0.95, "converter_phase_seconds", "phase"), "{{phase}}"),
        ),
        graph(
            "Phases that ended their run",
            "ops",
            (f"sum by (phase) (rate(converter_phase_errors_total{RATE}))", "{{phase}}"),
        ),
        graph(
            "Ends of programs",
            "ops",
            (
                f"sum by (program, cause) (rate(converter_program_exits_total{RATE}))",
                "{{program}} {{cause}}",
            ),
        ),
        graph(
            "Age of leases",
            "s",
            ("converter_lease_age_seconds", "{{instance}}"),
            ("max(converter_lease_seconds)", "duration of a lease"),
        ),
        graph("Expired leases", "short", ("max(converter_expired_leases)", "conversions")),
        *messages("worker"),
        *publications("worker"),
        *pool("worker"),
        *process("worker"),
    ]


def gateway() -> Sequence[Panel]:
    return [
        *requests("gateway"),
        graph(
            "Slots in use",
            "short",
            ("sum by (slots) (gateway_slots_in_use)", "{{slots}}"),
            ("sum by (slots) (gateway_slots_waiting)", "{{slots}} waiting"),
        ),
        graph(
            "Share of the slots in use",
            "percentunit",
            ("sum by (slots) (gateway_slots_in_use) / sum by (slots) (gateway_slots_max)", "{{slots}}"),
        ),
        graph(
            "Refused",
            "reqps",
            (f"sum by (slots, reason) (rate(gateway_refused_total{RATE}))", "{{slots}} {{reason}}"),
        ),
        *process("gateway"),
    ]


def auth() -> Sequence[Panel]:
    return [*requests("auth"), *messages("auth"), *publications("auth"), *pool("auth"), *process("auth")]


def converter() -> Sequence[Panel]:
    return [
        *requests("converter"),
        *messages("converter"),
        *publications("converter"),
        *pool("converter"),
        graph(
            "Calls of MongoDB without a connection",
            "ops",
            (f"sum by (job) (rate(mongodb_checkout_failures_total{RATE}))", "{{job}}"),
        ),
        *process("converter"),
    ]


def notification() -> Sequence[Panel]:
    return [
        graph("Mails", "ops", (f"sum by (outcome) (rate(letters_total{RATE}))", "{{outcome}}")),
        graph(
            "95th percentile of sends",
            "s",
            (quantile(0.95, "letter_send_seconds", "job"), "mails"),
            (quantile(0.95, "webhook_attempt_seconds", "job"), "webhooks"),
        ),
        graph(
            "Attempts at webhooks",
            "ops",
            (f"sum by (outcome) (rate(webhook_attempts_total{RATE}))", "{{outcome}}"),
        ),
        graph("Push messages", "ops", (f"sum by (outcome) (rate(push_attempts_total{RATE}))", "{{outcome}}")),
        *messages("notification"),
        *publications("notification"),
        *pool("notification"),
        *requests("notification"),
        *process("notification"),
    ]


def dashboards() -> Sequence[Dashboard]:
    """All dashboards, in the order in which they are listed."""
    return [
        _made("tonegate-system", "Tonegate: system", "Whether everything works.", system()),
        _made("tonegate-business", "Tonegate: business", "What people do with it.", business()),
        _made("tonegate-workers", "Tonegate: workers", "Conversions, and what they cost.", workers()),
        _made("tonegate-gateway", "Tonegate: gateway", "The public API.", gateway()),
        _made("tonegate-auth", "Tonegate: auth_service", "Accounts and tokens.", auth()),
        _made("tonegate-converter", "Tonegate: converter_service api", "Uploads and results.", converter()),
        _made("tonegate-notification", "Tonegate: notification_service", "Mails, webhooks.", notification()),
    ]


def _made(uid: str, title: str, description: str, panels: Sequence[Panel]) -> Dashboard:
    return Dashboard(uid=uid, title=title, description=description, panels=panels)


def _increase(metric: str, selector: str = "") -> str:
    braces = f"{{{selector}}}" if selector else ""
    return f"sum(increase(converter_{metric}{braces}[24h]))"


def _auth(action: str) -> str:
    return f'route="/v1/auth/{action}", status=~"20."'


if __name__ == "__main__":
    for each in dashboards():
        (FOLDER / f"{each.uid}.json").write_text(rendered(each), encoding="utf-8")

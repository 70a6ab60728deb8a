"""For each alert, series with which it fires after an hour, and others with which it does not.

In promtool's notation: `5x60` is 5 for an hour, `0+2x60` grows by 2 a minute.
"""

from collections.abc import Mapping

import msgspec

Series = Mapping[str, str]


class Case(msgspec.Struct, frozen=True):
    firing: Series
    quiet: Series


ONE_SCRAPED = {'up{job="worker", instance="a"}': "1x60"}
HTTP = 'http_requests_total{job="gateway", route="/v1/me", status="%s"}'
BUCKET = 'http_request_seconds_bucket{job="auth", route="/v1/me", le="%s"}'
QUEUED = 'converter_conversions{status="queued"}'
RUNS = 'converter_runs_total{outcome="%s"}'
EXITS = 'converter_program_exits_total{program="ffmpeg", cause="%s"}'
MESSAGES = 'consumer_messages_total{queue="%s", outcome="%s"}'
PUBLISHED = 'publisher_messages_total{job="auth", outcome="%s"}'
LETTERS = 'letters_total{outcome="%s"}'
WEBHOOKS = 'webhook_attempts_total{outcome="%s"}'
FULL = 'gateway_refused_total{slots="calls", reason="full"}'
SAMPLES = 'sample_failures_total{job="auth", sample="outbox"}'

CASES: Mapping[str, Case] = {
    "ProcessDown": Case(
        {'up{job="gateway", instance="a"}': "0x60"},
        {'up{job="gateway", instance="a"}': "1x60", 'up{job="another", instance="b"}': "0x60"},
    ),
    "NoWorker": Case(
        {'up{job="worker", instance="a"}': "0x60", 'up{job="gateway", instance="b"}': "1x60"},
        {**ONE_SCRAPED, 'up{job="worker", instance="b"}': "0x60"},
    ),
    "HttpErrors": Case(
        {HTTP % 200: "0+90x60", HTTP % 500: "0+10x60"}, {HTTP % 200: "0+99x60", HTTP % 500: "0+1x60"}
    ),
    "HttpSlow": Case(
        {BUCKET % "0.5": "0x60", BUCKET % "2.0": "0+60x60", BUCKET % "+Inf": "0+60x60"},
        {BUCKET % "0.5": "0+60x60", BUCKET % "2.0": "0+60x60", BUCKET % "+Inf": "0+60x60"},
    ),
    "GatewayFull": Case({FULL: "0+60x60"}, {FULL: "0+1x60"}),
    "ConversionsWaitLong": Case(
        {"converter_queue_oldest_age_seconds": "1000x60"}, {"converter_queue_oldest_age_seconds": "800x60"}
    ),
    "ConversionsNotStarted": Case(
        {QUEUED: "3x60", "converter_slots_in_use": "0x60"},
        {QUEUED: "3x60", 'converter_slots_in_use{instance="a"}': "1x60"},
    ),
    "ConversionsFailInternally": Case(
        {'converter_failures_total{code="internal_error"}': "0x40 1x19"},
        {
            'converter_failures_total{code="internal_error"}': "1x60",
            'converter_failures_total{code="no_audio_track"}': "0+1x60",
        },
    ),
    "ConversionsFailOften": Case(
        {RUNS % "failed": "0+6x60", RUNS % "completed": "0+4x60"},
        {RUNS % "failed": "0+4x60", RUNS % "completed": "0+6x60", RUNS % "requeued": "0+90x60"},
    ),
    "LeasesExpired": Case({"converter_expired_leases": "2x60"}, {"converter_expired_leases": "0x60"}),
    "LeaseRenewedLate": Case(
        {"converter_lease_age_seconds": "20x60", "converter_lease_seconds": "30x60"},
        {"converter_lease_age_seconds": "2x60", "converter_lease_seconds": "30x60"},
    ),
    "ProgramsKilled": Case(
        {EXITS % "killed": "0x50 1x9"}, {EXITS % "killed": "1x60", EXITS % "error": "0+1x60"}
    ),
    "DeadLettersWaiting": Case({"dead_letters_waiting": "1x60"}, {"dead_letters_waiting": "0x60"}),
    "OutboxOld": Case(
        {'outbox_oldest_age_seconds{job="auth"}': "61x60"}, {'outbox_oldest_age_seconds{job="auth"}': "59x60"}
    ),
    "PublicationsFail": Case(
        {PUBLISHED % "failed": "0+1x60"}, {PUBLISHED % "failed": "1x60", PUBLISHED % "confirmed": "0+9x60"}
    ),
    "MessagesRetried": Case(
        {
            MESSAGES % ("notification.mail", "retried"): "0+6x60",
            MESSAGES % ("notification.mail", "handled"): "0+4x60",
        },
        {
            MESSAGES % ("notification.mail", "retried"): "0+4x60",
            MESSAGES % ("notification.mail", "handled"): "0+6x60",
            MESSAGES % ("converter.worker", "retried"): "0+9x60",
        },
    ),
    "QueueLong": Case(
        {'consumer_queue_messages{queue="notification.mail"}': "1001x60"},
        {
            'consumer_queue_messages{queue="notification.mail"}': "999x60",
            'consumer_queue_messages{queue="converter.worker"}': "5000x60",
        },
    ),
    "PoolFull": Case(
        {"pool_connections_in_use": "10x60", "pool_connections_max": "10x60"},
        {"pool_connections_in_use": "5x60", "pool_connections_max": "10x60"},
    ),
    "DescriptorsUsedUp": Case(
        {"process_open_fds": "900x60", "process_max_fds": "1000x60"},
        {"process_open_fds": "100x60", "process_max_fds": "1000x60"},
    ),
    "StoreNotSampled": Case({SAMPLES: "0+6x60"}, {SAMPLES: "6x60"}),
    "MailsLost": Case(
        {LETTERS % "refused": "0x50 1x9"}, {LETTERS % "refused": "1x60", LETTERS % "sent": "0+9x60"}
    ),
    "MailServerAway": Case(
        {LETTERS % "postponed": "0+1x60"}, {LETTERS % "postponed": "5x60", LETTERS % "sent": "0+9x60"}
    ),
    "WebhooksFail": Case(
        {WEBHOOKS % "refused": "0+9x60", WEBHOOKS % "delivered": "0+1x60"},
        {WEBHOOKS % "refused": "0+1x60", WEBHOOKS % "delivered": "0+9x60"},
    ),
}

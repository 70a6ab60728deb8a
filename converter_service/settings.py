"""Settings of the converter's processes, read from environment variables."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from shared.identity.gateway_keys import GatewayPublicKeys
from shared.settings import Env, HttpUrl, Secret, TlsSettings

DeadLetterRetention = Annotated[timedelta, Env("CONVERTER_DEAD_LETTER_RETENTION", at_least=60)]


class ConverterSettings(TlsSettings, frozen=True, kw_only=True):
    """Settings of both the api and the worker."""

    mongo_url: Annotated[Secret, Env("CONVERTER_MONGO_URL")]
    """MongoDB, `mongodb://…/database?replicaSet=…`."""
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    link_ttl: Annotated[timedelta, Env("CONVERTER_LINK_TTL", at_least=1)] = timedelta(days=7)
    """Lifetime of a mailed link."""
    retention: Annotated[timedelta, Env("CONVERTER_RETENTION", at_least=1)] = timedelta(days=7)
    """How long the bytes of finished conversions are kept."""
    quota_bytes: Annotated[int, Env("CONVERTER_QUOTA_BYTES", at_least=0)] = 20 * 1024**3
    """Stored bytes of an account, videos and audio. An upload beyond them gets 413 `too_large`, a conversion
    whose audio exceeds them fails with `too_long`; 0 is no limit.
    """
    quota_processor_s: Annotated[int, Env("CONVERTER_QUOTA_PROCESSOR_SECONDS", at_least=0)] = 6 * 3600
    """Processor seconds of an account in 24 hours. Then uploads and retries get 429 `rate_limited`, and a
    conversion that would use more than is left fails with `too_long`. An hour of sound takes some 30 to 70
    seconds, with `loudness` some 250; 0 is no limit.
    """


class DeadLetterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the command `dead-letters`."""

    mongo_url: Annotated[Secret, Env("CONVERTER_MONGO_URL")]
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    retention: DeadLetterRetention = timedelta(days=30)
    """How long a dead letter, and then the record of its settlement, is kept."""


class ApiSettings(ConverterSettings, frozen=True, kw_only=True):
    """Settings of `python -m converter_service api`."""

    host: Annotated[str, Env("CONVERTER_HOST")] = "127.0.0.1"
    """Address that the api listens on."""
    port: Annotated[int, Env("CONVERTER_PORT")] = 8002
    """Port of the api."""
    metrics_port: Annotated[int, Env("CONVERTER_METRICS_PORT")] = 9102
    """Port of the api's metrics."""
    link_key: Annotated[Secret, Env("CONVERTER_LINK_KEY", at_least=32)]
    """Signs links to audio; the same for the converter's api and notification_service; a
    [list](operations.md#shared-keys).
    """
    gateway_public_keys: Annotated[GatewayPublicKeys, Env("GATEWAY_PUBLIC_KEYS")] = ""
    max_upload_bytes: Annotated[int, Env("CONVERTER_MAX_UPLOAD_BYTES", at_least=1)] = 1024**3
    """Size of the largest video."""
    upload_ttl: Annotated[timedelta, Env("CONVERTER_UPLOAD_TTL", at_least=1)] = timedelta(days=1)
    """How long an idle resumable upload is kept."""
    max_queued: Annotated[int, Env("CONVERTER_MAX_QUEUED", at_least=0)] = 10_000
    """Queued conversions above which uploads get 503 `overloaded`; 0 is no limit."""
    quota_conversions: Annotated[int, Env("CONVERTER_QUOTA_CONVERSIONS", at_least=0)] = 0
    """Conversions of an account that are uploading, queued or running; more get 429 `rate_limited`; 0 is no
    limit.
    """
    require_verified_email: Annotated[bool, Env("AUTH_REQUIRE_VERIFIED_EMAIL")] = False
    idle_timeout: Annotated[timedelta, Env("CONVERTER_IDLE_TIMEOUT", at_least=1)] = timedelta(seconds=60)
    """Time for an upload without data."""
    dead_letter_retention: DeadLetterRetention = timedelta(days=30)


class WorkerSettings(ConverterSettings, frozen=True, kw_only=True):
    """Settings of `python -m converter_service worker`."""

    host: Annotated[str, Env("WORKER_HOST")] = "127.0.0.1"
    """Address of the worker's health checks."""
    port: Annotated[int, Env("WORKER_PORT")] = 8003
    """Port of the worker's health checks."""
    metrics_port: Annotated[int, Env("WORKER_METRICS_PORT")] = 9103
    """Port of the worker's metrics."""
    max_retries: Annotated[int, Env("CONVERTER_MAX_RETRIES", at_least=0)] = 3
    """Retries after a run that crashed or failed. While the machine is the cause (full disk, no ffmpeg,
    MongoDB unavailable) a video waits for up to 6 hours without using a retry.
    """
    job_timeout: Annotated[timedelta, Env("CONVERTER_JOB_TIMEOUT", at_least=1)] = timedelta(hours=2)
    """The longest run."""
    max_duration: Annotated[timedelta, Env("CONVERTER_MAX_DURATION", at_least=1)] = timedelta(hours=12)
    """The longest video."""
    concurrency: Annotated[int, Env("CONVERTER_CONCURRENCY", at_least=0)] = 0
    """Concurrent conversions of a worker; 0 is one for each processor that the worker may use (affinity,
    `cpu.max` of control groups).
    """
    account_concurrency: Annotated[int, Env("CONVERTER_ACCOUNT_CONCURRENCY", at_least=0)] = 0
    """Concurrent conversions of one account over all workers; 0 is no limit."""
    ffmpeg_threads: Annotated[int, Env("CONVERTER_FFMPEG_THREADS", at_least=1)] = 1
    """Threads of each conversion's decoder."""
    parallel_encoding: Annotated[bool, Env("CONVERTER_PARALLEL_ENCODING")] = True
    """`true`: an MP3 of a minute or more is encoded by several encoders, as many as the worker has processors
    for each of its running conversions. `false`: each conversion has one.
    """
    lease: Annotated[timedelta, Env("CONVERTER_LEASE", at_least=3)] = timedelta(seconds=15)
    """A worker that does not renew its lease for this time is considered dead."""
    stop_grace: Annotated[timedelta, Env("CONVERTER_STOP_GRACE", at_least=1)] = timedelta(seconds=5)
    """How long a worker that gets SIGTERM goes on with its conversions before it queues them again for
    others, which begin anew. Give it 40 seconds more before it is killed (`TONEGATE_WORKER_STOP` in
    compose.yaml).
    """
    scratch_dir: Annotated[Path | None, Env("CONVERTER_SCRATCH_DIR")] = None
    """Holds a video during its conversion; without it the system's temporary folder."""
    keep_private_tags: Annotated[bool, Env("CONVERTER_KEEP_PRIVATE_TAGS")] = False
    """`true`: results keep the tags of their sources that name places, makes and models of devices, and
    serial numbers; otherwise these are left out, because results are shared by link.
    """
    sandbox_requires: Annotated[tuple[str, ...], Env("CONVERTER_SANDBOX_REQUIRES")] = ()
    """Mechanisms without which the worker does not start: `seccomp`, `landlock`, `no_new_privs`, `pdeathsig`.
    compose.yaml requires `seccomp`; `none` requires nothing.
    """

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
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    link_ttl: Annotated[timedelta, Env("CONVERTER_LINK_TTL", at_least=1)] = timedelta(days=7)
    retention: Annotated[timedelta, Env("CONVERTER_RETENTION", at_least=1)] = timedelta(days=7)
    quota_bytes: Annotated[int, Env("CONVERTER_QUOTA_BYTES", at_least=0)] = 20 * 1024**3
    quota_processor_s: Annotated[int, Env("CONVERTER_QUOTA_PROCESSOR_SECONDS", at_least=0)] = 6 * 3600


class DeadLetterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the command `dead-letters`."""

    mongo_url: Annotated[Secret, Env("CONVERTER_MONGO_URL")]
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    retention: DeadLetterRetention = timedelta(days=30)


class ApiSettings(ConverterSettings, frozen=True, kw_only=True):
    """Settings of `python -m converter_service api`."""

    host: Annotated[str, Env("CONVERTER_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("CONVERTER_PORT")] = 8002
    metrics_port: Annotated[int, Env("CONVERTER_METRICS_PORT")] = 9102
    link_key: Annotated[Secret, Env("CONVERTER_LINK_KEY", at_least=32)]
    gateway_public_keys: Annotated[GatewayPublicKeys, Env("GATEWAY_PUBLIC_KEYS")] = ""
    max_upload_bytes: Annotated[int, Env("CONVERTER_MAX_UPLOAD_BYTES", at_least=1)] = 1024**3
    upload_ttl: Annotated[timedelta, Env("CONVERTER_UPLOAD_TTL", at_least=1)] = timedelta(days=1)
    max_queued: Annotated[int, Env("CONVERTER_MAX_QUEUED", at_least=0)] = 10_000
    quota_conversions: Annotated[int, Env("CONVERTER_QUOTA_CONVERSIONS", at_least=0)] = 0
    require_verified_email: Annotated[bool, Env("AUTH_REQUIRE_VERIFIED_EMAIL")] = False
    idle_timeout: Annotated[timedelta, Env("CONVERTER_IDLE_TIMEOUT", at_least=1)] = timedelta(seconds=60)
    dead_letter_retention: DeadLetterRetention = timedelta(days=30)


class WorkerSettings(ConverterSettings, frozen=True, kw_only=True):
    """Settings of `python -m converter_service worker`."""

    host: Annotated[str, Env("WORKER_HOST")] = "127.0.0.1"
    port: Annotated[int, Env("WORKER_PORT")] = 8003
    metrics_port: Annotated[int, Env("WORKER_METRICS_PORT")] = 9103
    max_retries: Annotated[int, Env("CONVERTER_MAX_RETRIES", at_least=0)] = 3
    job_timeout: Annotated[timedelta, Env("CONVERTER_JOB_TIMEOUT", at_least=1)] = timedelta(hours=2)
    max_duration: Annotated[timedelta, Env("CONVERTER_MAX_DURATION", at_least=1)] = timedelta(hours=12)
    concurrency: Annotated[int, Env("CONVERTER_CONCURRENCY", at_least=0)] = 0
    account_concurrency: Annotated[int, Env("CONVERTER_ACCOUNT_CONCURRENCY", at_least=0)] = 0
    ffmpeg_threads: Annotated[int, Env("CONVERTER_FFMPEG_THREADS", at_least=1)] = 1
    parallel_encoding: Annotated[bool, Env("CONVERTER_PARALLEL_ENCODING")] = True
    lease: Annotated[timedelta, Env("CONVERTER_LEASE", at_least=3)] = timedelta(seconds=15)
    scratch_dir: Annotated[Path | None, Env("CONVERTER_SCRATCH_DIR")] = None
    keep_private_tags: Annotated[bool, Env("CONVERTER_KEEP_PRIVATE_TAGS")] = False
    sandbox_requires: Annotated[tuple[str, ...], Env("CONVERTER_SANDBOX_REQUIRES")] = ()

"""Client of Tonegate, a service that converts videos to audio: `Client` (asynchronous) and `SyncClient`."""

from tonegate_client.client import Client
from tonegate_client.credentials import CredentialStore, KeyCredentials, MemoryCredentials, SessionTokens
from tonegate_client.event_stream import ConversionEvent
from tonegate_client.file_conversion import FileConversion, Observer
from tonegate_client.models import Conversion, Options
from tonegate_client.problems import (
    ConversionFailed,
    DigestMismatch,
    NotSignedIn,
    Problem,
    SecondFactorRequired,
    ServerUnreachable,
    SourceChanged,
    TonegateError,
)
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.state.jobs import JobStore
from tonegate_client.sync_client import SyncClient

__all__ = [
    "Client",
    "Conversion",
    "ConversionEvent",
    "ConversionFailed",
    "CredentialStore",
    "DigestMismatch",
    "FileConversion",
    "JobStore",
    "KeyCredentials",
    "MemoryCredentials",
    "NotSignedIn",
    "Observer",
    "Options",
    "Problem",
    "RetryPolicy",
    "SecondFactorRequired",
    "ServerUnreachable",
    "SessionTokens",
    "SourceChanged",
    "SyncClient",
    "TonegateError",
]

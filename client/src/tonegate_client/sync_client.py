"""The synchronous client: the calls of `Client`, from programs without an event loop."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tonegate_client.bulk_models import BulkResult
from tonegate_client.client import Client
from tonegate_client.credentials import CredentialStore
from tonegate_client.event_stream import ConversionEvent
from tonegate_client.file_conversion import FileConversion
from tonegate_client.loop_thread import LoopThread
from tonegate_client.models import (
    ApiKey,
    Conversion,
    Delivery,
    Link,
    MadeApiKey,
    MadeWebhook,
    Options,
    OwnAccount,
    Webhook,
)
from tonegate_client.preset_models import Preset, PresetOptions
from tonegate_client.problems import ConversionFailed
from tonegate_client.result_models import Chapter, Waveform
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.state.jobs import JobStore
from tonegate_client.sync_admin import SyncAdmin


class SyncClient:
    """Runs a `Client` in a thread of its own. Use it as a context manager; its methods may be called by any
    thread, and raise the exceptions of `Client`.
    """

    def __init__(
        self,
        server: str,
        *,
        api_key: str | None = None,
        credentials: CredentialStore | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._thread = LoopThread("tonegate-client")
        self._client = self._thread.run(_opened(server, api_key, credentials, policy))
        self.admin = SyncAdmin(self._thread, self._client.admin)

    def __enter__(self) -> "SyncClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections and ends the thread."""
        self._thread.run(self._client.aclose())
        self._thread.close()

    def sign_in(self, email: str, password: str) -> OwnAccount:
        return self._thread.run(self._client.accounts.sign_in(email, password))

    def finish_sign_in(self, factor_token: str, code: str) -> OwnAccount:
        return self._thread.run(self._client.accounts.finish_sign_in(factor_token, code))

    def sign_out(self) -> None:
        self._thread.run(self._client.accounts.sign_out())

    def me(self) -> OwnAccount:
        return self._thread.run(self._client.accounts.me())

    def convert_file(
        self, source: Path, target: Path, options: Options | None = None, *, jobs: JobStore | None = None
    ) -> Conversion:
        """Sends a file, waits for its audio and writes it to `target`. With `jobs` a later call with the same
        file and options goes on where an earlier one, also of another process, was interrupted.
        """
        return self._thread.run(_convert(self._client, source, target, options or Options(), jobs))

    def get(self, conversion_id: str) -> Conversion:
        return self._thread.run(self._client.conversions.get(conversion_id))

    def conversions(self, *, status: str | None = None, query: str | None = None) -> Iterator[Conversion]:
        return self._thread.iterate(self._client.conversions.list(status=status, query=query))

    def follow(self, conversion_id: str) -> Iterator[ConversionEvent]:
        return self._thread.iterate(self._client.conversions.follow(conversion_id))

    def wait(self, conversion_id: str) -> Conversion:
        return self._thread.run(self._client.conversions.wait(conversion_id))

    def download(self, conversion_id: str, target: Path) -> Conversion:
        """Writes the audio to `target`. Raises ConversionFailed when there is none."""
        return self._thread.run(_download(self._client, conversion_id, target))

    def cancel(self, conversion_id: str) -> Conversion:
        return self._thread.run(self._client.conversions.cancel(conversion_id))

    def retry(self, conversion_id: str) -> Conversion:
        return self._thread.run(self._client.conversions.retry(conversion_id))

    def delete(self, conversion_id: str) -> None:
        self._thread.run(self._client.conversions.delete(conversion_id))

    def bulk(self, conversion_ids: Sequence[str], action: str) -> Sequence[BulkResult]:
        """Performs `delete`, `retry` or `cancel` on each."""
        return self._thread.run(self._client.conversions.bulk(conversion_ids, action))

    def save_archive(self, conversion_ids: Sequence[str], target: Path) -> None:
        """Writes the audio of up to 100 conversions to `target` as a ZIP."""
        self._thread.run(self._client.downloads.save_archive(conversion_ids, target))

    def link(self, conversion_id: str, expires_in_s: float = 3600.0) -> Link:
        return self._thread.run(self._client.conversions.link(conversion_id, expires_in_s))

    def end_links(self, conversion_id: str) -> None:
        """Ends all links to the audio that were made so far."""
        self._thread.run(self._client.conversions.end_links(conversion_id))

    def waveform(self, conversion_id: str) -> Waveform:
        return self._thread.run(self._client.conversions.waveform(conversion_id))

    def chapters(self, conversion_id: str) -> Sequence[Chapter]:
        return self._thread.run(self._client.conversions.chapters(conversion_id))

    def rename(self, conversion_id: str, title: str | None) -> Conversion:
        return self._thread.run(self._client.conversions.rename(conversion_id, title))

    def convert_again(self, conversion_id: str, options: Options) -> Conversion:
        return self._thread.run(self._client.conversions.convert_again(conversion_id, options))

    def api_keys(self) -> list[ApiKey]:
        return self._thread.run(self._client.api_keys.list())

    def create_api_key(self, name: str) -> MadeApiKey:
        return self._thread.run(self._client.api_keys.create(name))

    def delete_api_key(self, key_id: str) -> None:
        self._thread.run(self._client.api_keys.delete(key_id))

    def presets(self) -> list[Preset]:
        return self._thread.run(self._client.presets.list())

    def create_preset(self, name: str, options: PresetOptions, *, default: bool = False) -> Preset:
        return self._thread.run(self._client.presets.create(name, options, default=default))

    def delete_preset(self, name: str) -> None:
        self._thread.run(self._client.presets.delete(name))

    def webhooks(self) -> list[Webhook]:
        return self._thread.run(self._client.webhooks.list())

    def create_webhook(self, url: str) -> MadeWebhook:
        return self._thread.run(self._client.webhooks.create(url))

    def change_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] = (),
        status: str | None = None,
    ) -> Webhook:
        changed = self._client.webhooks.change(webhook_id, url=url, events=events, status=status)
        return self._thread.run(changed)

    def rotate_webhook_secret(self, webhook_id: str) -> MadeWebhook:
        return self._thread.run(self._client.webhooks.rotate_secret(webhook_id))

    def webhook_deliveries(self, webhook_id: str, *, status: str | None = None) -> Iterator[Delivery]:
        return self._thread.iterate(self._client.webhooks.deliveries(webhook_id, status=status))

    def replay_delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        return self._thread.run(self._client.webhooks.replay(webhook_id, delivery_id))

    def delete_webhook(self, webhook_id: str) -> None:
        self._thread.run(self._client.webhooks.delete(webhook_id))


async def _opened(
    server: str, api_key: str | None, credentials: CredentialStore | None, policy: RetryPolicy | None
) -> Client:
    return Client(server, api_key=api_key, credentials=credentials, policy=policy)


async def _download(client: Client, conversion_id: str, target: Path) -> Conversion:
    conversion = await client.conversions.wait(conversion_id)
    if conversion.result is None:
        raise ConversionFailed(conversion)
    await client.downloads.save(conversion_id, conversion.result, target)
    return conversion


async def _convert(
    client: Client, source: Path, target: Path, options: Options, jobs: JobStore | None
) -> Conversion:
    if jobs is not None:
        return await FileConversion(client, jobs).run(source, target, options)
    with contextlib.closing(JobStore.in_memory()) as forgetful:
        return await FileConversion(client, forgetful).run(source, target, options)

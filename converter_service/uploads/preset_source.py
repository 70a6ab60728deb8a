"""An upload whose options are completed by a preset of its account."""

from collections.abc import Mapping
from dataclasses import dataclass

from converter_service.presets.service import Presets
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.source import UploadSource
from shared.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class PresetSource:
    """Implements UploadSource. Everything but the options is that of `sent`."""

    sent: UploadSource
    presets: Presets
    owner: Principal

    @property
    def body(self) -> BodyReader:
        return self.sent.body

    @property
    def filename(self) -> str | None:
        return self.sent.filename

    @property
    def announced_size(self) -> int | None:
        return self.sent.announced_size

    @property
    def announced_sha256(self) -> str | None:
        return self.sent.announced_sha256

    async def fields(self) -> Mapping[str, str]:
        """Raises InvalidRequest for an unknown preset."""
        return await self.presets.resolve(self.owner, await self.sent.fields())

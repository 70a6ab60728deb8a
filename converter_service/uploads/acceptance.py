"""What `POST /v1/conversions` takes: a video in one of several forms, or the name of a stored one."""

from typing import Any

from litestar import Request
from msgspec import Struct

from converter_service.conversions.model import Conversion
from converter_service.media.option_parser import texts
from converter_service.presets.service import Presets
from converter_service.uploads.preset_source import PresetSource
from converter_service.uploads.request_body import UploadReceiver, is_json
from converter_service.uploads.service import UploadService
from converter_service.uploads.stored_video import StoredVideo, StoredVideos, parse_request
from shared.identity.principal import Principal


class Acceptance(Struct, frozen=True):
    """Chooses the use case by the media type of the request."""

    receiver: UploadReceiver
    uploads: UploadService
    stored_videos: StoredVideos
    presets: Presets

    async def accept(self, request: Request[Principal, Any, Any], key: str | None) -> Conversion:
        """Returns the queued conversion. Raises what UploadService.accept and StoredVideos.convert raise."""
        body = self.receiver.open(request)
        if is_json(request):
            wanted = parse_request(await self.receiver.read_json(request, body))
            options = await self.presets.resolve(request.user, texts(wanted.options))
            return await self.stored_videos.convert(
                request.user, StoredVideo(wanted.conversion_id, options), key
            )
        source = PresetSource(self.receiver.source(request, body), self.presets, request.user)
        return await self.uploads.accept(request.user, source, key)

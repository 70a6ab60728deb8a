"""A conversion as event streams send it."""

import msgspec
from msgspec import Struct

from converter_service.conversions.model import FINAL, Conversion, State
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import to_view


class Snapshot(Struct, frozen=True):
    """A conversion as clients see it; `body` is its JSON. A higher revision is newer."""

    revision: int
    status: State
    body: bytes

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


def snapshot_of(conversion: Conversion, paths: PublicPaths) -> Snapshot:
    body = msgspec.json.encode(to_view(conversion, paths))
    return Snapshot(conversion.revision, conversion.status, body)

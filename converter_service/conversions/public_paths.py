"""Paths of resources as clients reach them."""

from shared.settings import path_prefix
from shared.signed_links import audio_path


class PublicPaths:
    """Paths that begin with the path of the public URL, which a proxy may strip from requests."""

    def __init__(self, public_url: str) -> None:
        self._prefix = path_prefix(public_url)

    def conversion(self, conversion_id: str) -> str:
        return f"{self._prefix}/v1/conversions/{conversion_id}"

    def audio(self, conversion_id: str) -> str:
        return self._prefix + audio_path(conversion_id)

    def upload(self, upload_id: str) -> str:
        """Path of a resumable upload."""
        return f"{self._prefix}/v1/uploads/{upload_id}"

"""Calls of resumable uploads (tus 1.0.0, https://tus.io/protocols/resumable-upload)."""

import base64
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx

from tonegate_client.models import Options
from tonegate_client.problems import Problem, unexpected
from tonegate_client.transport import IDEMPOTENCY_KEY, Request, Transport

TUS: Mapping[str, str] = {"Tus-Resumable": "1.0.0"}
OFFSET_TYPE = "application/offset+octet-stream"
# After the last byte the server may have to join what arrived in several requests.
ANSWER_S = 600.0


@dataclass(frozen=True)
class UploadState:
    """`offset` bytes are stored. A complete upload has become the conversion `conversion_id`."""

    id: str
    offset: int
    conversion_id: str | None


class Uploads:
    """Each call raises Problem, ServerUnreachable, NotSignedIn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def transport(self) -> Transport:
        return self._transport

    async def max_bytes(self) -> int:
        """The size of the largest video that the server takes."""
        response = await self._transport.send(Request("OPTIONS", "v1/uploads", is_public=True))
        return int(response.headers["tus-max-size"])

    async def create(self, filename: bytes, options: Options, length: int | None, key: str) -> UploadState:
        """Creates an upload; with the `key` of an earlier one of the last 24 hours returns that one.

        `filename` may be in any encoding. Without `length` it is sent with the last bytes.
        """
        size = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        headers = {**TUS, **size, "Upload-Metadata": metadata(filename, options), IDEMPOTENCY_KEY: key}
        response = await self._transport.send(Request("POST", "v1/uploads", headers=headers))
        # Only the id is used: the token goes to no other address than the server's.
        upload_id = urlsplit(response.headers.get("location", "")).path.rpartition("/")[2]
        if not upload_id:
            raise Problem(
                status=response.status_code, code="unexpected_response", detail="No upload was made."
            )
        return _state(upload_id, response)

    async def state(self, upload_id: str) -> UploadState:
        return _state(upload_id, await self._transport.send(Request("HEAD", _path(upload_id), headers=TUS)))

    async def append(
        self,
        upload_id: str,
        offset: int,
        content: AsyncIterable[bytes],
        size: int,
        total: int | None = None,
    ) -> UploadState:
        """Sends `size` bytes once. `total` declares the length of an upload that was created without it.

        Raises httpx.TransportError within the body, too; what arrived is stored then.
        """
        headers = {
            **TUS,
            "Content-Type": OFFSET_TYPE,
            "Content-Length": str(size),
            "Upload-Offset": str(offset),
            **({} if total is None else {"Upload-Length": str(total)}),
        }
        request = Request(
            "PATCH", _path(upload_id), headers=headers, content=content, read_timeout_s=ANSWER_S
        )
        return _state(upload_id, await self._transport.send(request))

    async def terminate(self, upload_id: str) -> None:
        """Removes an upload, or the conversion it has become."""
        await self._transport.send(Request("DELETE", _path(upload_id), headers=TUS))


def metadata(filename: bytes, options: Options) -> str:
    """The field Upload-Metadata."""
    values = {"filename": filename}
    values |= {name: text.encode() for name, text in option_texts(options).items()}
    return ",".join(f"{name} {base64.b64encode(value).decode()}" for name, value in values.items())


def option_texts(options: Options) -> dict[str, str]:
    """The options that are set, in the text form that uploads have."""
    values = {name: getattr(options, name) for name in options.__struct_fields__}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    # Not in exponential notation, which the server does not read.
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _path(upload_id: str) -> str:
    return f"v1/uploads/{quote(upload_id, safe='')}"


def _state(upload_id: str, response: httpx.Response) -> UploadState:
    offset = response.headers.get("upload-offset", "0")
    if not offset.isdecimal():
        raise unexpected(response.status_code, "The server does not say how much it has stored.")
    return UploadState(upload_id, int(offset), response.headers.get("tonegate-conversion-id"))

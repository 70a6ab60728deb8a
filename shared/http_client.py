"""Reading answers of other HTTP services with a size limit."""

import aiohttp


class ResponseTooLarge(aiohttp.ClientPayloadError):
    """The response body is larger than its reader accepts."""


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The whole response body. Raises ResponseTooLarge as soon as more than `max_bytes` have arrived."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLarge(f"the response is larger than {max_bytes} bytes")
    return bytes(body)

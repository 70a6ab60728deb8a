"""A stand-in for a server that converts uploads."""

import hashlib

import httpx

from tests.unit.client.server import EVENT_STREAM, StubServer, conversion, event, problem

AUDIO = b"the audio"
RESULT = {
    "size": len(AUDIO),
    "duration": 1.0,
    "format": "mp3",
    "sha256": hashlib.sha256(AUDIO).hexdigest(),
    "url": "/v1/conversions/c/audio",
}


class Converter(StubServer):
    """Takes whole uploads, and ends each conversion with the next of `ends`, by default in success.
    `bodies` are those of the uploads.
    """

    def __init__(self) -> None:
        super().__init__(self._script)
        self.uploads = 0
        self.retries = 0
        self.ends: list[str] = []
        self.gone = set[str]()
        self.bodies = list[bytes]()
        self.refusals = 0
        """So many bodies of uploads are refused."""

    async def _script(self, request: httpx.Request) -> httpx.Response:
        _, _, kind, *rest = request.url.path.split("/")
        if kind == "uploads":
            return await self._upload(request)
        if rest[0] in self.gone:
            return problem(404, "not_found")
        if rest[1:] == ["audio"]:
            return httpx.Response(200, stream=httpx.ByteStream(AUDIO))
        if rest[1:] == ["retry"]:
            self.retries += 1
            return httpx.Response(202, json=conversion(rest[0], "queued"))
        return httpx.Response(200, content=self._end(rest[0]), headers=EVENT_STREAM)

    async def _upload(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.uploads += 1
            return httpx.Response(201, headers={"Location": f"/v1/uploads/c{self.uploads}"})
        identity = request.url.path.rpartition("/")[2]
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Upload-Offset": "0"})
        if request.method == "DELETE":
            return httpx.Response(204)
        self.bodies.append(await request.aread())
        if self.refusals:
            self.refusals -= 1
            return problem(403, "forbidden")
        return httpx.Response(
            204, headers={"Upload-Offset": str(len(self.bodies[-1])), "Tonegate-Conversion-Id": identity}
        )

    def _end(self, identity: str) -> bytes:
        code = self.ends.pop(0) if self.ends else ""
        if not code:
            return event(1, "completed", conversion(identity, result=RESULT))
        failure = {"code": code, "message": "It failed."}
        return event(1, "failed", conversion(identity, "failed", error=failure))

"""A push service and a browser: receives messages, and decrypts them as a browser does (RFC 8291)."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notification_service.push.encryption import decode, encode

AUTH = b"a browser secret"


@dataclass
class PushedMessage:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class BrowserOfTheTest:
    """The keys of one browser; its subscription is at `url`."""

    url: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()`."""
        keys = {"p256dh": encode(self.point), "auth": encode(AUTH)}
        return {"endpoint": self.url, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> Any:
        """The message. Written after RFC 8188 and RFC 8291 with HMAC alone, so that it shares no mistake."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.private.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        pseudo = _hmac(AUTH, shared)
        material = _hmac(pseudo, b"WebPush: info\x00" + self.point + sender + b"\x01")
        pseudo = _hmac(salt, material)
        key = _hmac(pseudo, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(pseudo, b"Content-Encoding: nonce\x00\x01")[:12]
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        return msgspec.json.decode(plain.rstrip(b"\x00").removesuffix(b"\x02"))


def verified_claims(authorization: str) -> dict[str, Any]:
    """The claims of a VAPID header, whose signature its own key has made (RFC 8292 §3)."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    signed, _, signature = parts["t"].rpartition(".")
    raw = decode(signature)
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
    key.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = msgspec.json.decode(decode(signed.partition(".")[2]))
    return claims


@dataclass
class PushService:
    """Answers `status`; keeps what it got."""

    url: str = ""
    status: int = 201
    got: list[PushedMessage] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(PushedMessage(request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    app = web.Application()
    app.router.add_post("/{tail:.*}", service.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)

"""The relying party of passkeys: its id and the origins of its pages (WebAuthn level 3, §5.1.2, §5.8.1)."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

LOCALHOST = "localhost"


class RelyingParty(msgspec.Struct, frozen=True):
    """`id` is a domain."""

    id: str
    origins: tuple[str, ...]
    name: str = "Tonegate"


def relying_party(public_url: str) -> RelyingParty | None:
    """The relying party of a system at this URL; None for an IP address, which browsers refuse. On a loopback
    address it is `localhost`, whose pages have to be opened by that name.
    """
    parts = urlsplit(public_url)
    host, scheme = parts.hostname or "", parts.scheme
    if _is_loopback(host):
        host = LOCALHOST
    elif _is_address(host):
        return None
    default = {"http": 80, "https": 443}[scheme]
    port = "" if parts.port in {None, default} else f":{parts.port}"
    name = host.encode("idna").decode() if not host.isascii() else host
    return RelyingParty(name, (f"{scheme}://{name}{port}",))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ip_address(host).is_loopback

"""Parsers of `Forwarded` (RFC 7239) and `X-Forwarded-For`."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType

IPAddress = IPv4Address | IPv6Address

MAX_HOPS = 32
CACHE_SIZE = 4096
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PAIR = re.compile(
    rf'\s*(?P<name>{WORD})=(?:(?P<plain>{WORD})|"(?P<quoted>(?:[^"\\]|\\.)*)")\s*(?P<end>[;,]|$)'
)
ESCAPED = re.compile(r"\\(.)")

Hops = list[IPAddress | None]
"""Addresses in the order of the field, the nearest hop last; None for a hop without an address."""


class ForwardedField(StrEnum):
    """The header field in which the proxies name their clients."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"


def forwarded_for(headers: Iterable[tuple[bytes, bytes]]) -> Hops:
    """`X-Forwarded-For: 192.0.2.1, 198.51.100.7`"""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return [address_in(hop) for line in lines for hop in line.split(",")][-MAX_HOPS:]


def forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Hops:
    """`Forwarded: for=192.0.2.1;proto=https, for="[2001:db8::1]:443"` (RFC 7239 §4). An element that is
    malformed, `unknown` or an obfuscated name (§6.3) is None.
    """
    lines = [value.decode("latin-1") for name, value in headers if name == b"forwarded"]
    return [hop for line in lines for hop in _elements(line)][-MAX_HOPS:]


FORWARDED_PARSERS: Mapping[ForwardedField, Callable[[Iterable[tuple[bytes, bytes]]], Hops]] = (
    MappingProxyType({ForwardedField.X_FORWARDED_FOR: forwarded_for, ForwardedField.FORWARDED: forwarded})
)


def _elements(line: str) -> Hops:
    hops: Hops = []
    position, node = 0, None
    while position < len(line):
        pair = PAIR.match(line, position)
        if pair is None:
            return [*hops, None]
        if pair["name"].lower() == "for":
            quoted = pair["quoted"]
            node = pair["plain"] if quoted is None else ESCAPED.sub(r"\1", quoted)
        if pair["end"] != ";":
            hops.append(address_in(node or ""))
            node = None
        position = pair.end()
    return hops


@lru_cache(maxsize=CACHE_SIZE)
def address_in(text: str) -> IPAddress | None:
    """The address in `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`; None for other text.
    An IPv4-mapped IPv6 address is returned as IPv4.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address

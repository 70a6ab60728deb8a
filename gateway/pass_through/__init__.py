"""Routes that only pass a request on to a service: each is one declaration in its controller."""

from gateway.pass_through.announcement import Announcement
from gateway.pass_through.audit import Audit
from gateway.pass_through.declarations import forward, relay
from gateway.pass_through.upstream import upstream_path

__all__ = ["Announcement", "Audit", "forward", "relay", "upstream_path"]

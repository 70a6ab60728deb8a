"""HTTP header fields between services; never sent to clients."""

from typing import Final

REVOKED_SESSION: Final = "X-Revoked-Session"
"""In auth_service's responses: the id of a session that this request ended.

The gateway drops the session's tokens from its cache before it responds; the session_revoked event arrives
later.
"""

"""Header fields between services, which no client gets to see."""

from typing import Final

REVOKED_SESSION: Final = "X-Revoked-Session"
"""In auth_service's answers: the id of a session that is over since this very call. Whoever remembers its
tokens forgets them before answering; the news by way of the broker comes later.
"""

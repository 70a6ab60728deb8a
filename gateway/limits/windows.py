"""Moving windows of requests: the interface of their implementations in memory and in Redis."""

from typing import Protocol

from limits import RateLimitItem, WindowStats


class Windows(Protocol):
    """Moving windows by policy and key."""

    async def hit(self, item: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        """Counts one request if the window has room for it. Returns whether it had room, and its state."""

    async def look(self, item: RateLimitItem, key: str) -> WindowStats:
        """The window's state, without counting."""

    async def check(self) -> None:
        """Raises an error when requests are not counted in the configured store."""

    def close(self) -> None:
        """Closes the connections. No method is called afterwards."""

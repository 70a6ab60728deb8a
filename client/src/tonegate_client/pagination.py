"""Lists that the server returns page by page."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

PAGE = 100


class Page(Protocol[T_co]):
    """Some items of a list. `next_cursor` is None on the last page."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


async def items_of(
    read: Callable[[int, str | None], Awaitable[Page[T]]], most: int | None = None
) -> AsyncGenerator[T, None]:
    """Yields all items or the first `most`. `read` gets the size of a page, and its cursor."""
    left, cursor = most, None
    while left is None or left > 0:
        page = await read(PAGE if left is None else min(PAGE, left), cursor)
        for each in page.items:
            yield each
        left, cursor = None if left is None else left - len(page.items), page.next_cursor
        if cursor is None:
            return

"""Recognises formats that are not converted by the first bytes of an upload. Pure.

The worker examines what needs more bytes.
"""

from converter_service.media.foreign_formats import foreign_format

LOOK_BYTES = 16


def not_media(head: bytes) -> str | None:
    """The name of the format whose signature `head` has; None if it may be media."""
    form = foreign_format(head)
    return form.name if form is not None else None

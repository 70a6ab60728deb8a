"""What only the converter answers."""

from shared.errors import Conflict, Gone, InvalidRequest


class NotReady(Conflict):
    """The conversion has no audio (yet)."""

    code, title = "not_ready", "There is no audio yet."


class StillUploading(Conflict):
    """The first upload with this Idempotency-Key has not ended."""

    def __init__(self) -> None:
        super().__init__(
            "An upload with this Idempotency-Key is still running.", headers={"Retry-After": "2"}
        )


class LetterHeld(Conflict):
    """Somebody else is replaying or discarding the dead letter."""

    def __init__(self) -> None:
        super().__init__("Somebody else is at work on this dead letter.", headers={"Retry-After": "2"})


class LinkExpired(Gone):
    """A signed link whose time is over."""

    def __init__(self) -> None:
        super().__init__("This link has expired.")


class EmptyUpload(InvalidRequest):
    """Zero bytes can hold no video."""

    def __init__(self) -> None:
        super().__init__("The upload is empty.")


class UploadBroken(InvalidRequest):
    """The body ended early or made no sense. Usually nobody is left to read this answer."""

"""What only the converter answers."""

from shared.errors import Conflict, Gone, InvalidRequest, Locked


class NotReady(Conflict):
    """The conversion has no audio (yet)."""

    code, title = "not_ready", "There is no audio yet."


class UploadInProgress(Conflict):
    """The first upload with this Idempotency-Key has not ended."""

    def __init__(self) -> None:
        super().__init__(
            "An upload with this Idempotency-Key is still running.", headers={"Retry-After": "2"}
        )


class DeadLetterLocked(Conflict):
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


class UploadLocked(Locked):
    """Another request writes to the same resumable upload."""

    def __init__(self) -> None:
        super().__init__("Another request is writing to this upload.", headers={"Retry-After": "2"})


class WrongOffset(Conflict):
    """tus 1.0.0, PATCH: it has to go on where the upload ends."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"The upload has {offset} bytes; go on from there.")


class PartAlreadyUsed(Conflict):
    """tus 1.0.0, concatenation: parts have to be whole, and are used up when they are joined."""

    def __init__(self) -> None:
        super().__init__("A part is not complete, or was joined with others before.")

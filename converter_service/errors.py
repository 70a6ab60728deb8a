"""Errors of the converter's API, as problem responses."""

from shared.errors import Conflict, Gone, InvalidRequest, Locked


class NotReady(Conflict):
    """409: the conversion has no audio (yet)."""

    code, title = "not_ready", "There is no audio yet."


class UploadInProgress(Conflict):
    """409: the first upload with this Idempotency-Key has not ended."""

    def __init__(self) -> None:
        super().__init__(
            "An upload with this Idempotency-Key is still running.", headers={"Retry-After": "2"}
        )


class DeadLetterLocked(Conflict):
    """409: another request is replaying or discarding the dead letter."""

    def __init__(self) -> None:
        super().__init__("Another request is settling this dead letter.", headers={"Retry-After": "2"})


class LinkExpired(Gone):
    """410: the signed link has expired."""

    def __init__(self) -> None:
        super().__init__("This link has expired.")


class EmptyUpload(InvalidRequest):
    """400: the upload has no bytes."""

    def __init__(self) -> None:
        super().__init__("The upload is empty.")


class UploadBroken(InvalidRequest):
    """400: the request body is truncated or malformed."""


class UploadLocked(Locked):
    """423: another request writes to the same resumable upload."""

    def __init__(self) -> None:
        super().__init__("Another request is writing to this upload.", headers={"Retry-After": "2"})


class WrongOffset(Conflict):
    """409: Upload-Offset of a PATCH is not the current offset (tus 1.0.0)."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"The current offset of the upload is {offset}.")


class PartAlreadyUsed(Conflict):
    """409: a part of a concatenation is incomplete or already part of another upload (tus 1.0.0)."""

    def __init__(self) -> None:
        super().__init__("A partial upload is incomplete or already part of another upload.")

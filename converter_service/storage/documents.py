"""A conversion as its document, and back."""

from datetime import datetime, timedelta

import msgspec
from bson import Int64

from converter_service.conversions.model import Conversion
from shared.mongo.connection import Document

# The outbox is the relay's; `mongo_outbox` has it.
WITHOUT_OUTBOX = {"outbox": 0, "outbox_since": 0}
IN_A_LIST = {**WITHOUT_OUTBOX, "blobs": 0, "upload.segments": 0}
# One that makes no sense here, such as a newer version's, is looked at again after this long.
UNREADABLE_AGAIN = timedelta(minutes=5)

# For records that were written before they said which blobs they have.
SAYS_ITS_BLOBS: Document = {
    "$set": {
        "blobs": {
            "$setDifference": [
                {"$concatArrays": [["$source_blob", "$audio_blob"], {"$ifNull": ["$debris", []]}]},
                [None],
            ]
        }
    }
}


def document_of(conversion: Conversion) -> Document:
    document: Document = msgspec.to_builtins(conversion, builtin_types=(datetime,))
    document["_id"] = document.pop("id")
    # For indexes; read back they mean nothing.
    document["blobs"] = list(conversion.named_blobs)
    document["held_bytes"] = Int64(conversion.held_bytes)
    return document


def conversion_of(document: Document) -> Conversion:
    """Raises msgspec.ValidationError for one that makes no sense here, such as a newer version's."""
    document["id"] = document.pop("_id")
    return msgspec.convert(document, Conversion)

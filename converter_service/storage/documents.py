"""Conversion ↔ MongoDB document; the only place that knows both the attributes and the stored fields.

Documents that are not valid conversions, such as those of a newer version, are skipped and postponed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
from bson import Int64
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.model import Conversion
from converter_service.conversions.title import search_text
from shared.logs import get_logger
from shared.mongo import Document, mongo_errors

POSTPONED_BY = timedelta(minutes=5)

# Pending events are read by `storage.outbox` only.
WITHOUT_OUTBOX = {"outbox": 0, "outbox_since": 0}
IN_A_LIST = {**WITHOUT_OUTBOX, "blobs": 0, "search_text": 0, "upload.segments": 0}

# Adds `blobs` to documents that were written before the field existed.
ADD_BLOBS: Document = {
    "$set": {
        "blobs": {
            "$setDifference": [
                {"$concatArrays": [["$source_blob", "$audio_blob"], {"$ifNull": ["$debris", []]}]},
                [None],
            ]
        }
    }
}

# The same for `search_text`, as `conversions.title.search_text` makes it.
ADD_SEARCH_TEXT: Document = {
    "$set": {
        "search_text": {"$concat": [{"$ifNull": ["$title", ""]}, "\n", {"$ifNull": ["$source.filename", ""]}]}
    }
}

# Attributes whose stored field has another name. The stored names stay: running systems have such documents.
STORED_AS: Mapping[str, str] = MappingProxyType(
    {
        "id": "_id",
        "temporary_blobs": "debris",
        "retry_at": "rests_until",
        "result_cache_key": "made_after",
        "revision": "edition",
    }
)
ATTRIBUTES = MappingProxyType({stored: name for name, stored in STORED_AS.items()})


def document_of(conversion: Conversion) -> Document:
    """The document of a conversion, with the fields that only indexes use: `blobs`, `held_bytes` and
    `search_text`.
    """
    attributes: Document = msgspec.to_builtins(conversion, builtin_types=(datetime,))
    document = {STORED_AS.get(name, name): value for name, value in attributes.items()}
    document["blobs"] = list(conversion.referenced_blobs)
    document["held_bytes"] = Int64(conversion.held_bytes)
    document["search_text"] = search_text(conversion.title, conversion.source.filename)
    return document


def conversion_of(document: Document) -> Conversion:
    """Raises msgspec.ValidationError for an invalid document, such as one that a newer version wrote."""
    return msgspec.convert({ATTRIBUTES.get(key, key): value for key, value in document.items()}, Conversion)


async def read_or_postpone(
    documents: AsyncCollection[Document], document: Document, now: datetime, field: str
) -> Conversion | None:
    """Returns the conversion, or None after setting the time in `field` of an invalid document to later.

    `field` is what the caller selects by: other documents come first until then.
    """
    try:
        return conversion_of(document)
    except msgspec.ValidationError:
        get_logger(__name__).exception("unreadable conversion", conversion_id=str(document["_id"]))
    unchanged = {"_id": document["_id"], field: document.get(field)}
    with mongo_errors():
        await documents.update_one(unchanged, {"$set": {field: now + POSTPONED_BY}})
    return None

"""Documents that are not valid conversions, such as those of a newer version, are skipped and postponed."""

from datetime import datetime, timedelta

import msgspec
from pymongo.asynchronous.collection import AsyncCollection

from converter_service.conversions.model import Conversion
from converter_service.storage.documents import conversion_of
from shared.logs import get_logger
from shared.mongo import Document, mongo_errors

POSTPONED_BY = timedelta(minutes=5)


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

"""The indexes of the collection `conversions`, one for each query."""

from typing import Final

from pymongo import DESCENDING, IndexModel

from converter_service.conversions.model import State

# Partial where most documents lack the indexed field.
INDEXES: Final = [
    IndexModel(["owner_id", ("_id", DESCENDING)], name="owner"),
    IndexModel(["owner_id", "status", ("_id", DESCENDING)], name="owner_status"),
    # Searches by name read this index, and only the documents that they return.
    IndexModel(["owner_id", ("_id", DESCENDING), "search_text"], name="owner_search_text"),
    IndexModel(["status", ("_id", DESCENDING)], name="status"),
    IndexModel("due_at", name="due"),
    IndexModel("blobs", name="blobs"),
    IndexModel(
        ["owner_id", "made_after", ("_id", DESCENDING)],
        name="made_after",
        partialFilterExpression={"made_after": {"$type": "string"}},
    ),
    IndexModel(
        ["owner_id", "held_bytes"], name="held_bytes", partialFilterExpression={"held_bytes": {"$gt": 0}}
    ),
    IndexModel(
        ["status", "owner_id", "_id"], name="waiting", partialFilterExpression={"status": State.QUEUED.value}
    ),
    IndexModel(
        "idempotency_key",
        name="idempotency_key",
        unique=True,
        partialFilterExpression={"idempotency_key": {"$type": "string"}},
    ),
    IndexModel(
        ["outbox_since", "_id"], name="outbox", partialFilterExpression={"outbox_since": {"$exists": True}}
    ),
]

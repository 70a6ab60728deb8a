"""The indexes of the collection `conversions`, one for each query."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from converter_service.conversions.model import State


def indexes() -> list[IndexModel]:
    """Index models; partial where most documents lack the indexed field."""
    return [
        IndexModel([("owner_id", ASCENDING), ("_id", DESCENDING)], name="owner"),
        IndexModel(
            [("owner_id", ASCENDING), ("status", ASCENDING), ("_id", DESCENDING)],
            name="owner_status",
        ),
        IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="status"),
        IndexModel([("due_at", ASCENDING)], name="due"),
        IndexModel([("blobs", ASCENDING)], name="blobs"),
        IndexModel(
            [("owner_id", ASCENDING), ("made_after", ASCENDING), ("_id", DESCENDING)],
            name="made_after",
            partialFilterExpression={"made_after": {"$type": "string"}},
        ),
        IndexModel(
            [("owner_id", ASCENDING), ("held_bytes", ASCENDING)],
            name="held_bytes",
            partialFilterExpression={"held_bytes": {"$gt": 0}},
        ),
        IndexModel(
            [("status", ASCENDING), ("owner_id", ASCENDING), ("_id", ASCENDING)],
            name="waiting",
            partialFilterExpression={"status": State.QUEUED.value},
        ),
        IndexModel(
            [("idempotency_key", ASCENDING)],
            name="idempotency_key",
            unique=True,
            partialFilterExpression={"idempotency_key": {"$type": "string"}},
        ),
        IndexModel(
            [("outbox_since", ASCENDING), ("_id", ASCENDING)],
            name="outbox",
            partialFilterExpression={"outbox_since": {"$exists": True}},
        ),
    ]

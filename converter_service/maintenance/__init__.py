"""Background clean-up: expiry, orphaned blobs, deleted accounts."""

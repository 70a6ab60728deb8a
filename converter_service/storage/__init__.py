"""The ports implemented with MongoDB, GridFS and the local disk."""

"""The OpenAPI document: documented problems, the parts common to all operations, and its HTML page."""

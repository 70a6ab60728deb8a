"""Outbound HTTP of webhooks: which URLs and addresses may be called, name resolution and the client."""

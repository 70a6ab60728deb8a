"""What may be kept of an answer."""

from litestar.datastructures import CacheControlHeader

KEYS_MAX_AGE_S = 60

# RFC 6749 §5.1: what holds tokens is not for any cache; what is about one person neither.
NO_STORE = CacheControlHeader(no_store=True)

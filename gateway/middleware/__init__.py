"""ASGI middleware around the routes: what holds for every request and every response."""

"""The page for people at `/` and its assets, as `web/` builds them."""

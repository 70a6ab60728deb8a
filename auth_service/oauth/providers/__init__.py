"""OAuth 2.0 and OpenID Connect clients for the configured providers."""

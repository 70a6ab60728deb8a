"""Integration tests of auth_service/oauth: real and forged OpenID Connect providers, and a GitHub stub."""

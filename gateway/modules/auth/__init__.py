"""Registration, login, token refresh, logout, and login with OAuth providers."""

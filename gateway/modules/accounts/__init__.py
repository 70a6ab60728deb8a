"""The user's own account: change, deletion, password reset, email verification, sessions, API keys."""

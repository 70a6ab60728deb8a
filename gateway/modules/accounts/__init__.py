"""The user's own account: change, deletion, password reset, e-mail verification, sessions, API keys."""

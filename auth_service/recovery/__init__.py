"""Email verification and password reset by mailed links."""

"""HTML pages for email verification and password reset."""

"""HTML pages for e-mail verification and password reset."""

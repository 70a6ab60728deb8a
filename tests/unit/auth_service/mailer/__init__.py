"""Unit tests of auth_service/mailer."""

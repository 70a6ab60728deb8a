"""Transactional outbox: events stored in PostgreSQL until published."""

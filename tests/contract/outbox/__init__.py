"""Contract tests of outbox stores."""

"""Account mails: requests, single-use tokens, and the events that notification_service mails."""

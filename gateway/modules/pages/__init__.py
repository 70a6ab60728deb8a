"""The two pages that links in account mails lead to."""

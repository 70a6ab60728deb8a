"""All SQL about accounts, a file a noun: rows in and out of one transaction, whatever they mean."""

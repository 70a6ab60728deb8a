"""All SQL about accounts, a file a noun. What the rows mean is not known here."""

"""Names of the parts of a backup."""

CONVERTER, NOTIFICATION, POSTGRES, SECRETS = "converter", "notification", "postgres", "secrets"
DEFAULT_DATABASE = "tonegate"
"""The database of a MongoDB URL that names none, as in the services."""

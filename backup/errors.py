"""Error of the backup commands."""


class BackupError(Exception):
    """A backup or a restore failed; the message is for the operator."""

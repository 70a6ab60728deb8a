"""The command `tonegate`."""

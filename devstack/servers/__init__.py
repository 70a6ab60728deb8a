"""Private instances of the servers Tonegate stands on, one file each."""

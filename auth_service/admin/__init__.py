"""Administration: listing and changing accounts."""

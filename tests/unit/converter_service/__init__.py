"""The converter's pure parts."""

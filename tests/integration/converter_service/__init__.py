"""The converter's processes on real servers."""

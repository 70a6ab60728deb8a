"""The development stack itself: it starts, it stops, it leaves nothing behind."""

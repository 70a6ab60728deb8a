"""The gateway's stores in memory and in Redis: one contract suite for each interface."""

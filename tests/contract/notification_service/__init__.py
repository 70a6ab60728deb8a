"""The notification service's adapters: one contract suite for each port."""

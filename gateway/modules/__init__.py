"""One folder per feature; none of them knows another."""

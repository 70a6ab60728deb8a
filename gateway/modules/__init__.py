"""The features: one folder per feature, which imports no other."""

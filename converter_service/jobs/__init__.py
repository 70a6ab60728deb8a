"""The worker's side: claims queued conversions, runs them and records their outcomes."""

"""In-memory implementations of the ports; they pass the same contract suites as the real ones."""

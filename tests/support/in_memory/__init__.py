"""In-memory adapters of the services' ports; they pass the same contract suites as the real adapters."""

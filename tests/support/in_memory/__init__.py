"""In-memory adapters of the converter's ports; they pass the same contract suites as the MongoDB adapters."""

"""The history of the tables, and the way to its end: run at every start, by as many replicas as like."""

"""Messages of the whole system that nobody could handle: kept, shown, put back or thrown away."""

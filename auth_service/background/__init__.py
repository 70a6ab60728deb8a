"""Background tasks: database upgrade, event relay, mail requests, sweeper."""

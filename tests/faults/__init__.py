"""Breaking the whole system on purpose, over and over, and counting what is lost and what comes twice."""

"""What is kept between runs: unfinished conversions, results, credentials."""

"""What is broken, one thing at a time: a file for each kind of thing, `listed` for all of them."""

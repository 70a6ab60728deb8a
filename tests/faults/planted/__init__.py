"""Mistakes that somebody could make, planted in the program to see that the checks find each of them."""

"""The account service's pure parts."""

"""Sessions of the page for people: the refresh token in a cookie."""

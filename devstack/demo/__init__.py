"""`make demo`: the whole path once, from nothing to an MP3 and a mail."""

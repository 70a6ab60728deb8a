"""`make demo`: registers an account, converts a video, and shows the MP3 and the mail."""

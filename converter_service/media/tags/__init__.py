"""Tags that ffmpeg cannot read or write as they are: repeated ones, and some names."""

"""The transcoder port implemented with ffmpeg and ffprobe."""

"""The outside world behind the ports: MongoDB, GridFS, ffmpeg, tokens, and stand-ins in memory."""

"""MP3 as a sequence of frames: reading, packing, joining and counting them, without decoding."""

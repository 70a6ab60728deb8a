"""`--only-sound`: a copy of a video's audio tracks, made locally, whose conversion is the video's."""

"""Audio formats, conversion options and the transcoder port."""

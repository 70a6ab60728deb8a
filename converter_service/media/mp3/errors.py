"""What is wrong with a sequence of MP3 frames."""


class BadFrames(ValueError):
    """The bytes are no valid sequence of Layer III frames."""


class DoesNotFit(BadFrames):
    """A frame's main data does not fit into the frames of the requested bit rate."""

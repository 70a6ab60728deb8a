"""How a sound is cut for several encoders, by its sample rate, channels and kind of bit rate."""

import msgspec

from converter_service.media.mp3.frame_header import frame_samples
from converter_service.media.mp3.pcm_blocks import SAMPLE_BYTES, BlockPlan

# Frames before a block. LAME's threshold of hearing adapts within 95.
LEAD = 104
# Those of them at which the seam may be: the encoder has settled in the others.
OVERLAP = 80
# What encoders and pipes hold back before they give out a frame: LAME 224 samples, the framing of its input
# nearly a frame, and libavformat up to 4,096 samples.
TAIL = 8
LEAST_BODY = 256


class BlockEncoding(msgspec.Struct, frozen=True, kw_only=True):
    """`kbits` is the constant bit rate; None if it varies."""

    rate_hz: int
    channels: int
    kbits: int | None

    @property
    def frame_samples(self) -> int:
        return frame_samples(self.rate_hz)

    def plan(self, body: int) -> BlockPlan:
        """The plan whose blocks have `body` frames of their own."""
        frame_bytes = self.frame_samples * self.channels * SAMPLE_BYTES
        return BlockPlan(frame_bytes=frame_bytes, body=body, lead=LEAD, tail=TAIL)

    def plan_within(self, most_bytes: int, most_frames: int) -> BlockPlan:
        """The plan whose blocks have at most `most_bytes` with what is around them, and at most `most_frames`
        of their own, unless they would be too short to gain anything.
        """
        plan = self.plan(LEAST_BODY)
        body = min(most_frames, most_bytes // plan.frame_bytes - plan.lead - plan.tail)
        return self.plan(max(LEAST_BODY, body))

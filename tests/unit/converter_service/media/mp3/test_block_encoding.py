"""How a sound is cut for several encoders."""

import pytest

from converter_service.media.mp3.block_encoding import BlockEncoding


@pytest.mark.parametrize("kbits", [None, 192])
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_each_block_is_as_long_as_the_sound_before_it_so_that_an_encoder_can_be_used_again(
    rate_hz: int, kbits: int | None
) -> None:
    encoding = BlockEncoding(rate_hz=rate_hz, channels=2, kbits=kbits)
    for most_bytes, most_frames in ((1, 1), (32 * 1024**2, 10), (32 * 1024**2, 100_000)):
        plan = encoding.plan_within(most_bytes, most_frames)
        assert plan.body >= plan.lead


def test_blocks_keep_within_the_memory_that_is_given_if_they_can_be_long_enough() -> None:
    encoding = BlockEncoding(rate_hz=44_100, channels=2, kbits=192)
    plan = encoding.plan_within(10 * 1024**2, 100_000)
    whole = plan.frame_bytes * (plan.lead + plan.body + plan.tail)
    assert 10 * 1024**2 - plan.frame_bytes < whole <= 10 * 1024**2

"""MP3s made of blocks that several encoders encode, against those that one encoder makes of the whole."""

import math
import statistics
from array import array
from collections.abc import Callable, Sequence
from operator import mul, sub
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter_service.media.ffmpeg.pcm_stream import PcmSound
from converter_service.media.mp3.frame_count import count_frames
from tests.support.ffmpeg_generations import Generation
from tests.support.mp3_blocks import Case, encode_blocks, encode_file, encode_whole, make_sound
from tests.support.mp3_decoders import NoLibrary, by_ffmpeg, by_mpg123, by_sndfile
from tests.support.mp3_frames import RATES
from tests.support.mp3_stream import read_stream

FEW = settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Decoders compute in single precision, in different orders.
SAMPLE_TOLERANCE = 2e-4
SEGMENT_S = 0.02
# Segments that are quieter than this are not measured: nothing of them may be encoded.
AUDIBLE = 1e-4

Decoder = Callable[[Path], "array[float]"]

sounds = st.builds(PcmSound, st.sampled_from(RATES), st.integers(1, 2))
lengths = st.tuples(st.integers(1, 300), st.integers(0, 575))


def samples_of(case: Case, length: tuple[int, int]) -> int:
    return length[0] * case.encoding.frame_samples + length[1]


def constant(sound: PcmSound, place: int) -> Case:
    """A case of one of the bit rates of the sample rate; LAME has none above 64k for MPEG-2.5."""
    rates = (32, 64, 128, 320) if sound.rate_hz >= 32_000 else (32, 48, 64, 160)
    return Case(sound, min(rates[place], 64 if sound.rate_hz < 16_000 else 320))


cases = st.one_of(
    st.builds(Case, sounds, quality=st.integers(0, 9)), st.builds(constant, sounds, st.integers(0, 3))
)


@given(cases, lengths, st.integers(1, 16), st.integers(1, 4))
@FEW
def test_the_stream_is_valid_and_as_long_as_that_of_one_encoder(
    generation: Generation, case: Case, length: tuple[int, int], blocks: int, encoders: int
) -> None:
    pcm = make_sound(generation.tools, case.sound, samples_of(case, length), seed=length[0])
    made = encode_blocks(generation.tools, case, pcm, max(1, length[0] // blocks), encoders)
    assert len(read_stream(made.stream)) == len(made.frames)
    assert len(made.frames) == len(encode_whole(generation.tools, case, pcm))
    if case.kbits is not None:
        assert {each.kbits for each in read_stream(made.stream)} == {case.kbits}


@given(st.builds(Case, sounds, kbits=st.sampled_from([None, 64]), quality=st.integers(0, 9)), lengths)
@FEW
def test_all_decoders_give_exactly_the_samples_of_the_source(
    generation: Generation, tmp_path: Path, case: Case, length: tuple[int, int]
) -> None:
    samples = samples_of(case, length)
    file = tmp_path / "sound.mp3"
    pcm = make_sound(generation.tools, case.sound, samples, seed=length[0])
    made = encode_blocks(generation.tools, case, pcm, 60, 3)
    file.write_bytes(made.first + made.stream)
    assert count_frames(file).counted == len(made.frames)
    decoded = by_ffmpeg(generation.tools, file)
    assert len(decoded) == samples * case.sound.channels
    for decoder in decoders_installed(by_mpg123, by_sndfile):
        other = decoder(file)
        assert len(other) == len(decoded)
        # At 24 kHz ffmpeg and mpg123 give different sound, whoever has encoded it.
        if case.sound.rate_hz != 24_000:
            assert max(map(abs, map(sub, other, decoded)), default=0.0) < SAMPLE_TOLERANCE


def decoders_installed(*decoders: Decoder) -> Sequence[Decoder]:
    found = []
    for decoder in decoders:
        try:
            decoder(Path("/dev/null"))
        except NoLibrary:
            continue
        except ValueError:
            pass
        found.append(decoder)
    return found


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(PcmSound(44_100, 2), quality=0), id="V0"),
        pytest.param(Case(PcmSound(44_100, 2), quality=2), id="V2"),
        pytest.param(Case(PcmSound(48_000, 1), quality=5), id="V5 mono"),
        pytest.param(Case(PcmSound(22_050, 2), quality=0), id="V0 of MPEG-2"),
        pytest.param(Case(PcmSound(22_050, 1), quality=6), id="V6 of MPEG-2"),
        pytest.param(Case(PcmSound(44_100, 2), 192), id="192k"),
        pytest.param(Case(PcmSound(44_100, 2), 320), id="320k"),
        pytest.param(Case(PcmSound(48_000, 1), 64), id="64k mono"),
        pytest.param(Case(PcmSound(24_000, 2), 96), id="96k of MPEG-2"),
    ],
)
def test_the_file_is_no_larger_and_no_worse_than_that_of_one_ffmpeg(
    generation: Generation, tmp_path: Path, case: Case
) -> None:
    tools, ours, one = generation.tools, tmp_path / "ours.mp3", tmp_path / "one.mp3"
    pcm = make_sound(tools, case.sound, 1100 * case.encoding.frame_samples)
    made = encode_blocks(tools, case, pcm, 256, 2)
    ours.write_bytes(made.first + made.stream)
    encode_file(tools, case, pcm, one)
    assert ours.stat().st_size <= 1.005 * one.stat().st_size
    source = array("f", pcm)
    source.byteswap()
    ratios = signal_to_noise(source, by_ffmpeg(tools, ours), case)
    reference = signal_to_noise(source, by_ffmpeg(tools, one), case)
    assert statistics.mean(ratios.values()) > statistics.mean(reference.values()) - 0.05
    fifth_percentile = statistics.quantiles(ratios.values(), n=20)[0]
    for seam in made.seams:
        at = int(seam * case.encoding.frame_samples / case.sound.rate_hz / SEGMENT_S)
        around = [each for each in range(at - 1, at + 3) if each in ratios]
        # Where the source changes, one encoder is no better.
        lost_db = statistics.mean(reference[each] - ratios[each] for each in around) if around else 0.0
        assert lost_db < 0.1 or min(ratios[each] for each in around) >= fifth_percentile


def signal_to_noise(source: "array[float]", decoded: "array[float]", case: Case) -> dict[int, float]:
    """In dB, for each audible segment by its number."""
    size = int(SEGMENT_S * case.sound.rate_hz) * case.sound.channels
    assert len(source) == len(decoded)
    ratios = {}
    for number in range(len(source) // size):
        wanted, got = (sound[number * size : (number + 1) * size] for sound in (source, decoded))
        power, noise = sum(map(mul, wanted, wanted)), list(map(sub, wanted, got))
        if power / size > AUDIBLE**2:
            ratios[number] = 10 * math.log10(power / (sum(map(mul, noise, noise)) + 1e-12))
    return ratios

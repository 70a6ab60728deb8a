"""The silence that ffmpeg reports."""

from converter_service.media.ffmpeg.errors import complaints
from converter_service.media.ffmpeg.silence_report import parse_silence, was_rebuilt
from converter_service.media.sandbox.process import Exit


def test_the_last_sum_counts_in_the_form_of_any_ffmpeg() -> None:
    assert parse_silence("", is_full=False) == 0.0
    assert parse_silence("0.200000\n1.200000\n", is_full=False) == 1.2
    assert (
        parse_silence("[Eval @ 0x7ff71ec9d520] 0.200000\n[aac @ 0x1] Error 3.000000\n", is_full=False) == 0.2
    )


def test_a_sum_that_starts_anew_is_added() -> None:
    begun = "1000000000000.000000\n"
    rebuilt = f"{begun}1.000000\n2.000000\n{begun}0.500000\n"
    assert parse_silence(rebuilt, is_full=False) == 2.5
    assert was_rebuilt(rebuilt)
    assert was_rebuilt(f"{begun}    Last message repeated 1 times\n1.000000\n")
    assert not was_rebuilt(f"{begun}1.000000\n")


def test_a_report_of_silence_is_no_complaint() -> None:
    assert complaints(Exit(code=0, stderr="[Eval @ 0x7f] 0.200000\n1.000000\n")) == ""
    assert complaints(Exit(code=0, stderr="1.000000\n[aac @ 0x1] Error 3\n")) == "[aac @ 0x1] Error 3"


def test_silence_up_to_the_end_of_the_part_counts_only_if_the_result_lasts_that_long() -> None:
    assert parse_silence("0.200000\n-0.700000\n", is_full=True) == 0.7
    assert parse_silence("0.200000\n-8.900000\n", is_full=False) == 0.2
    assert parse_silence("-0.700000\n0.700000\n", is_full=True) == 0.7

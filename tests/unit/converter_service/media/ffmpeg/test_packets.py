"""Summing up of a source's packets."""

from converter_service.media.ffmpeg.packets import PacketTotals, SourceExtent


def test_packets_are_added_up_from_the_files_own_start() -> None:
    totals = PacketTotals(1, 10.0)
    totals.add([b"0,10.0,0.04,K__", b"1,10.5,0.5,K_", b"1,11.0,0.5,K_", b"0,14.0,0.04,__", b"", b"garbage"])
    assert totals.extent == SourceExtent(0.5, 1.5, 1.0, 4.04)


def test_packets_to_be_discarded_and_packets_without_a_time_move_no_end() -> None:
    totals = PacketTotals(1, 0.0)
    totals.add([b"1,-0.02,0.02,KD", b"1,0.0,0.02,K_", b"1,N/A,N/A,K_", b"1,nan,0.02,K_"])
    assert totals.extent.audio_end_s == 0.02

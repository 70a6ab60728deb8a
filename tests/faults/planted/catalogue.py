"""All planted defects, by the values of `FAULTS_BUG`."""

from collections.abc import Callable, Mapping

from tests.faults.planted import media, messages, records, responses, stops

BUGS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        messages.acknowledge_before_storing,
        messages.publish_before_committing,
        messages.never_clear_the_outbox,
        messages.throw_away_what_is_malformed,
        records.no_fencing,
        records.hold_on_to_the_lease,
        records.take_every_key_for_a_new_one,
        media.never_delete,
        media.store_half,
        media.never_come_to_an_end,
        responses.no_ledger,
        responses.never_send_a_webhook,
        records.give_a_wrong_reason,
        responses.send_each_webhook_twice,
        responses.answer_with_500,
        responses.never_answer,
        responses.turn_away_for_good,
        messages.acknowledge_webhooks_first,
        stops.record_webhooks_later,
        stops.close_kept_connections_at_once,
    )
}


def plant(bug: str) -> None:
    """Plants a defect in this process; raises KeyError for an unknown name."""
    BUGS[bug]()

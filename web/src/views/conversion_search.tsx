/** Finds conversions by name and by state. */
import { useEffect, useId, useState } from "preact/hooks";
import { EVERYTHING, type Filter, STATUSES } from "../conversions/model";
import type { Conversions } from "../conversions/store";
import { Select } from "../parts/controls";
import { texts } from "../texts";

const TYPING_MS = 250;

export function ConversionSearch({ conversions }: { conversions: Conversions }) {
  const t = texts.value.search;
  const [filter, setFilter] = useState<Filter>(conversions.shown.value.filter);
  const id = useId();
  useEffect(() => {
    const shown = conversions.shown.value.filter;
    const wanted = { ...filter, text: filter.text.trim() };
    if (wanted.text === shown.text && wanted.status === shown.status) return undefined;
    const timer = setTimeout(() => conversions.search(wanted), TYPING_MS);
    return () => clearTimeout(timer);
  }, [filter]);
  const shown = conversions.shown.value;
  // Taken back by "show all" below the list.
  useEffect(() => {
    if (!shown.isSearch) setFilter(EVERYTHING);
  }, [shown]);
  return (
    <div class="search" role="search">
      <div class="field">
        <label for={id} class="visually-hidden">{t.label}</label>
        <input id={id} type="search" value={filter.text} placeholder={t.label} maxLength={200} autocomplete="off" spellcheck={false}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })} />
      </div>
      <Select label={t.state} value={filter.status} choices={[["", t.all], ...STATUSES.map((each) => [each, texts.value.conversion.status[each]] as const)]}
        onChange={(chosen) => setFilter({ ...filter, status: STATUSES.find((each) => each === chosen) ?? "" })} />
      <p class="visually-hidden" role="status">{shown.isSearch && shown.loaded.value ? t.found(shown.ids.value.length, shown.isComplete.value) : ""}</p>
    </div>
  );
}

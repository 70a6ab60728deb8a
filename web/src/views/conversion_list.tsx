/** Conversions, newest first; more are loaded as one scrolls. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Listing } from "../conversions/listing";
import { EVERYTHING } from "../conversions/model";
import { canNotify, notifies, setNotifies } from "../conversions/notifications";
import type { Selection } from "../conversions/selection";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { isOnline } from "../network";
import { notify } from "../notices";
import { IconButton, Message, Spinner } from "../parts/controls";
import { texts } from "../texts";
import { ConversionRow } from "./conversion_row";
import { ConversionSearch } from "./conversion_search";
import { SelectionBar } from "./selection_bar";

const AHEAD = "600px";

interface Props {
  conversions: Conversions;
  selection: Selection;
  /** Ids that are shown as uploads. */
  hidden: ReadonlySignal<ReadonlySet<string | null>>;
}

export function ConversionList({ conversions, selection, hidden }: Props) {
  const t = texts.value;
  const playing = useSignal<string | null>(null);
  const { everything } = conversions;
  const listing = conversions.shown.value;
  const ids = listing.ids.value.filter((id) => !hidden.value.has(id));
  if (!everything.loaded.value && everything.failure.value === null) return <Spinner />;
  if (everything.isComplete.value && everything.ids.value.length === 0) {
    return hidden.value.size === 0 ? <Message title={t.empty.title} text={t.empty.text} /> : null;
  }
  return (
    <section aria-labelledby="conversions-title">
      <div class="section-head">
        <h2 id="conversions-title" class="section-title">{t.conversion.list}</h2>
        <NotifyButton />
        <SelectButton selection={selection} />
      </div>
      <ConversionSearch conversions={conversions} />
      {selection.isOpen.value && <SelectionBar conversions={conversions} selection={selection} order={ids} />}
      <ul class="rows">
        {/* The same props each time: a row is drawn again only when something in it has changed. */}
        {ids.map((id) => <ConversionRow key={id} id={id} conversions={conversions} playing={playing} selection={selection} />)}
      </ul>
      <Rest listing={listing} count={ids.length}>
        <button type="button" onClick={() => conversions.search(EVERYTHING)}>{t.search.showAll}</button>
      </Rest>
    </section>
  );
}

function NotifyButton() {
  const t = texts.value.notifications;
  if (!canNotify) return null;
  const toggle = async (): Promise<void> => {
    if (!(await setNotifies(!notifies.value))) notify(t.refused, "problem");
  };
  return <IconButton icon="bell" label={t.button} aria-pressed={notifies.value} onClick={() => void toggle()} />;
}

function SelectButton({ selection }: { selection: Selection }) {
  const t = texts.value.selection;
  const isOpen = selection.isOpen.value;
  return (
    <button type="button" class="quiet" onClick={() => (isOpen ? selection.close() : selection.open())}>
      {isOpen ? t.end : t.begin}
    </button>
  );
}

/** What is below the rows: why there are no more of them, or that more are coming. */
function Rest({ listing, count, children }: { listing: Listing; count: number; children: ComponentChildren }) {
  const t = texts.value;
  const failure = listing.failure.value;
  const online = isOnline.value;
  useEffect(() => {
    if (online && listing.failure.peek() !== null) void listing.more();
  }, [online, listing]);
  if (failure !== null) {
    return (
      <Message title={t.problems.list} text={online ? explain(failure, t) : t.problems.offline} icon="alert">
        <button type="button" onClick={() => void listing.more()}>{t.retry}</button>
      </Message>
    );
  }
  if (!listing.isComplete.value) return <More listing={listing} />;
  if (count === 0 && listing.isSearch) return <Message title={t.search.none} text={t.search.noneText} icon="search">{children}</Message>;
  return count > 20 ? <p class="end">{t.end}</p> : null;
}

/** Loads the next page before its place is scrolled into view, and the one after that if its place is in view still. */
function More({ listing }: { listing: Listing }) {
  const mark = useRef<HTMLDivElement>(null);
  const loading = listing.loading.value;
  useEffect(() => {
    if (loading || !mark.current) return undefined;
    // Several changes arrive together when the page is slow: the last one says where the mark is.
    const observer = new IntersectionObserver(
      (changes) => changes.at(-1)?.isIntersecting && void listing.more(), { rootMargin: AHEAD },
    );
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [loading, listing]);
  return <div ref={mark}><Spinner /></div>;
}

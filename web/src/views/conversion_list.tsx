/** Conversions, newest first; more are loaded as one scrolls. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Listing } from "../conversions/listing";
import { EVERYTHING } from "../conversions/model";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { Message, Spinner } from "../parts/controls";
import { texts } from "../texts";
import { ConversionRow } from "./conversion_row";
import { ConversionSearch } from "./conversion_search";

const AHEAD = "600px";

export function ConversionList({ conversions, hidden }: { conversions: Conversions; hidden: ReadonlySignal<ReadonlySet<string | null>> }) {
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
      <h2 id="conversions-title" class="section-title">{t.conversion.list}</h2>
      <ConversionSearch conversions={conversions} />
      <ul class="rows">
        {/* The same props each time: a row is drawn again only when something in it has changed. */}
        {ids.map((id) => <ConversionRow key={id} id={id} conversions={conversions} playing={playing} />)}
      </ul>
      <Rest listing={listing} count={ids.length}>
        <button type="button" onClick={() => conversions.search(EVERYTHING)}>{t.search.showAll}</button>
      </Rest>
    </section>
  );
}

/** What is below the rows: why there are no more of them, or that more are coming. */
function Rest({ listing, count, children }: { listing: Listing; count: number; children: ComponentChildren }) {
  const t = texts.value;
  const failure = listing.failure.value;
  if (failure !== null) {
    return (
      <Message title={t.problems.list} text={explain(failure, t)} icon="alert">
        <button type="button" onClick={() => void listing.more()}>{t.retry}</button>
      </Message>
    );
  }
  if (!listing.isComplete.value) return <More listing={listing} count={count} />;
  if (count === 0 && listing.isSearch) return <Message title={t.search.none} text={t.search.noneText} icon="search">{children}</Message>;
  return count > 20 ? <p class="end">{t.end}</p> : null;
}

/** Loads the next page before its place is scrolled into view. */
function More({ listing, count }: { listing: Listing; count: number }) {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!mark.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void listing.more(), { rootMargin: AHEAD });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [count, listing]);
  return <div ref={mark}><Spinner /></div>;
}

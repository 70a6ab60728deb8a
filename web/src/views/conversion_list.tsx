/** All conversions, newest first; more are loaded as one scrolls. */
import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { Message, Spinner } from "../parts/controls";
import { texts } from "../texts";
import { ConversionRow } from "./conversion_row";

const AHEAD = "600px";

export function ConversionList({ conversions, hidden }: { conversions: Conversions; hidden: ReadonlySignal<ReadonlySet<string | null>> }) {
  const t = texts.value;
  const [playing, play] = useState<string | null>(null);
  const ids = conversions.ids.value.filter((id) => !hidden.value.has(id));
  const failure = conversions.failure.value;
  if (!conversions.loaded.value && failure === null) return <Spinner />;
  if (ids.length === 0 && failure === null && hidden.value.size === 0) return <Message title={t.empty.title} text={t.empty.text} />;
  return (
    <section aria-labelledby="conversions-title">
      {ids.length > 0 && <h2 id="conversions-title" class="section-title">{t.conversion.list}</h2>}
      <ul class="rows">
        {ids.map((id) => (
          <ConversionRow key={id} id={id} conversions={conversions} isPlaying={playing === id} onPlay={() => play(playing === id ? null : id)} />
        ))}
      </ul>
      {failure !== null ? (
        <Message title={t.problems.unknown} text={explain(failure, t)} icon="alert">
          <button type="button" onClick={() => void conversions.more()}>{t.retry}</button>
        </Message>
      ) : (
        <More conversions={conversions} count={ids.length} />
      )}
    </section>
  );
}

/** Loads the next page before its place is scrolled into view. */
function More({ conversions, count }: { conversions: Conversions; count: number }) {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!mark.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void conversions.more(), { rootMargin: AHEAD });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [count, conversions.isComplete.value]);
  if (conversions.isComplete.value) return count > 20 ? <p class="end">{texts.value.end}</p> : null;
  return <div ref={mark}><Spinner /></div>;
}

/** The entries of a list that is loaded page by page, or why there are none. */
import type { ComponentChildren } from "preact";
import type { Pages } from "../../admin/pages";
import { explain } from "../../explain";
import { Spinner } from "../../parts/controls";
import { texts } from "../../texts";

export function List<T>({ pages, children }: { pages: Pages<T>; children: (item: T) => ComponentChildren }) {
  const t = texts.value;
  const { items, failure, more } = pages;
  return (
    <>
      {failure !== null && (
        <div class="inline-problem">
          <p class="error">{explain(failure, t)}</p>
          <button type="button" onClick={() => void pages.reload()}>{t.retry}</button>
        </div>
      )}
      {items === null && failure === null && <Spinner />}
      {items?.length === 0 && <p class="hint">{t.admin.none}</p>}
      <ul class="entries">{items?.map(children)}</ul>
      {more && <div class="buttons"><button type="button" onClick={more}>{t.admin.more}</button></div>}
    </>
  );
}

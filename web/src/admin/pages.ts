/** A list that is loaded page by page. */
import { useEffect, useRef, useState } from "preact/hooks";
import { json } from "../session/api";

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Pages<T> {
  items: readonly T[] | null;
  failure: unknown;
  /** Null when there is no further page. */
  more: (() => void) | null;
  reload: () => Promise<void>;
}

/** `query` begins with the path; what it finds is loaded anew when it changes. */
export function usePages<T>(query: string): Pages<T> {
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const asked = useRef(query);
  asked.current = query;
  const load = async (after: string | null): Promise<void> => {
    const separator = query.includes("?") ? "&" : "?";
    try {
      const page = await json<Page<T>>(after === null ? query : `${query}${separator}cursor=${encodeURIComponent(after)}`);
      if (asked.current !== query) return; // the answer to an earlier question
      setItems((held) => (after === null || held === null ? page.items : [...held, ...page.items]));
      setCursor(page.next_cursor);
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  };
  useEffect(() => void load(null), [query]);
  return { items, failure, more: cursor === null ? null : () => void load(cursor), reload: () => load(null) };
}

/** Shows the calls only whose method, path or summary contains all words of a search. */
import { useEffect, useState } from "preact/hooks";

export function CallFilter({ calls }: { calls: readonly HTMLDetailsElement[] }) {
  const [words, setWords] = useState("");
  const [shown, setShown] = useState(calls.length);
  useEffect(() => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const call of calls) {
      call.hidden = !matches(call.querySelector("summary")?.textContent ?? "", wanted);
      if (!call.hidden) count += 1;
    }
    for (const section of new Set(calls.map((call) => call.closest("section")))) {
      if (section) section.hidden = !section.querySelector("details:not([hidden])");
    }
    setShown(count);
  }, [words]);
  return (
    <div class="field">
      <label for="filter">Find calls</label>
      <input id="filter" type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
      <p class="hint" role="status">{words ? `${shown} of ${calls.length} calls` : ""}</p>
    </div>
  );
}

export function matches(text: string, words: readonly string[]): boolean {
  const found = text.toLowerCase();
  return words.every((word) => found.includes(word));
}

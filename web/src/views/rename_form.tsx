/** Gives a conversion a name, in the place of its name. */
import { useEffect, useRef, useState } from "preact/hooks";
import { rename } from "../conversions/actions";
import type { Conversion } from "../conversions/model";
import type { Conversions } from "../conversions/store";
import { texts } from "../texts";
import { useSending } from "./sign_in";

export function RenameForm({ conversion, conversions, name, onEnd }: { conversion: Conversion; conversions: Conversions; name: string; onEnd: () => void }) {
  const t = texts.value.conversion;
  const [title, setTitle] = useState(name);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const form = useSending(async () => {
    const wanted = title.trim();
    await rename(conversions, conversion.id, wanted === "" || wanted === conversion.source.filename ? null : wanted);
    onEnd();
  });
  return (
    <form class="rename" onSubmit={(event) => { event.preventDefault(); form.send(); }} onKeyDown={(event) => event.key === "Escape" && onEnd()}>
      <div class="field">
        <input ref={input} value={title} dir="auto" maxLength={200} autocomplete="off" spellcheck={false} aria-label={t.newName(name)}
          placeholder={conversion.source.filename ?? ""} onInput={(event) => setTitle(event.currentTarget.value)} />
        {form.failure && <p class="error" role="alert">{form.failure}</p>}
      </div>
      <div class="buttons">
        <button type="submit" class="primary">{texts.value.save}</button>
        <button type="button" onClick={onEnd}>{texts.value.cancel}</button>
      </div>
    </form>
  );
}

/** A dialog that converts a stored video again, with other options: nothing is sent. */
import { useState } from "preact/hooks";
import { convertAgain } from "../conversions/actions";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { notify } from "../notices";
import { Dialog } from "../parts/controls";
import { texts } from "../texts";
import { fieldsOf, options } from "../uploads/options";
import { OptionsForm } from "./options_form";

export function ConvertAgain({ id, name, conversions, onClose }: { id: string; name: string; conversions: Conversions; onClose: () => void }) {
  const t = texts.value.again;
  const [chosen, choose] = useState(options.value);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await convertAgain(conversions, id, fieldsOf(chosen));
      notify(t.begun);
      onClose();
    } catch (error) {
      setFailure(explain(error, texts.value));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.title(name)} onClose={onClose}>
      <p>{t.text}</p>
      <OptionsForm chosen={chosen} onChange={(change) => choose({ ...chosen, ...change })} />
      {failure && <p class="error" role="alert">{failure}</p>}
      <div class="dialog-actions">
        <button type="button" onClick={onClose}>{texts.value.cancel}</button>
        <button type="button" class="primary" aria-disabled={busy} onClick={() => { if (!busy) void send(); }}>{t.submit}</button>
      </div>
    </Dialog>
  );
}

/** What can be done with the chosen conversions. */
import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { cancel, download, remove, retry } from "../conversions/actions";
import { onEach } from "../conversions/bulk";
import { type Conversion, isActive } from "../conversions/model";
import type { Selection } from "../conversions/selection";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { notify } from "../notices";
import { Dialog, Progress } from "../parts/controls";
import { Icon, type IconName } from "../parts/icon";
import { texts } from "../texts";

export function SelectionBar({ conversions, selection, order }: { conversions: Conversions; selection: Selection; order: readonly string[] }) {
  const t = texts.value;
  const [asking, ask] = useState(false);
  const [busy, setBusy] = useState<{ count: number; of: number } | null>(null);
  const chosen = useComputed(() => [...selection.ids.value].flatMap((id) => conversions.get(id)?.value ?? [])).value;
  const perform = (on: readonly Conversion[], act: (id: string) => Promise<void>, atOnce?: number): void => {
    const ids = on.map(({ id }) => id);
    setBusy({ count: 0, of: ids.length });
    const acted = async (id: string): Promise<void> => {
      await act(id);
      selection.drop(id);
    };
    void onEach(ids, acted, (count) => setBusy({ count, of: ids.length }), atOnce).then(({ done, failures }) => {
      setBusy(null);
      if (failures.length === 0) notify(t.selection.done(done));
      else notify(`${t.selection.partly(done, failures.length)} ${explain(failures[0], t)}`, "problem");
    });
  };
  const ready = chosen.filter(({ status }) => status === "completed");
  const ended = chosen.filter(({ status }) => status === "failed" || status === "cancelled");
  const active = chosen.filter(isActive);
  return (
    <div class="selection" role="group" aria-label={t.selection.label}>
      <p role="status">{busy ? t.selection.busy(busy.count, busy.of) : t.selection.chosen(chosen.length)}</p>
      {busy ? <Progress value={busy.count / busy.of} label={t.selection.label} /> : (
        <>
          <button type="button" class="quiet" onClick={() => selection.set(order)}>{t.selection.all(order.length)}</button>
          <Action icon="download" text={t.conversion.download} on={ready} act={() => perform(ready, download, 1)} />
          <Action icon="retry" text={t.conversion.retry} on={ended} act={() => perform(ended, (id) => retry(conversions, id))} />
          <Action icon="close" text={t.conversion.cancel} on={active} act={() => perform(active, (id) => cancel(conversions, id))} />
          <Action icon="trash" text={t.conversion.remove} on={chosen} act={() => ask(true)} />
        </>
      )}
      {asking && (
        <Dialog title={t.selection.removeAsk(chosen.length)} onClose={() => ask(false)}>
          <p>{t.selection.removeText}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => ask(false)}>{t.conversion.keep}</button>
            <button type="button" class="danger" onClick={() => { ask(false); perform(chosen, (id) => remove(conversions, id)); }}>{t.conversion.remove}</button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** Absent where it would do nothing. */
function Action({ icon, text, on, act }: { icon: IconName; text: string; on: readonly Conversion[]; act: () => void }) {
  if (on.length === 0) return null;
  return <button type="button" onClick={act}><Icon name={icon} />{`${text} (${on.length})`}</button>;
}

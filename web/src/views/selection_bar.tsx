/** What can be done with the chosen conversions. */
import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { download, downloadArchive } from "../conversions/actions";
import { batches, type BulkAction, onSeveral, type Outcome } from "../conversions/bulk";
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
  const perform = (on: readonly Conversion[], act: (ids: string[], acted: (id: string) => void) => Promise<Outcome>): void => {
    const ids = on.map(({ id }) => id);
    let count = 0;
    setBusy({ count, of: ids.length });
    const acted = (id: string): void => {
      selection.drop(id);
      count += 1;
      setBusy({ count, of: ids.length });
    };
    void act(ids, acted).then(({ done, failures }) => {
      setBusy(null);
      if (failures.length === 0) notify(t.selection.done(done));
      else notify(`${t.selection.partly(done, failures.length)} ${explain(failures[0], t)}`, "problem");
    });
  };
  const change = (on: readonly Conversion[], action: BulkAction): void => perform(on, (ids, acted) => onSeveral(conversions, ids, action, acted));
  const ready = chosen.filter(({ status }) => status === "completed");
  const ended = chosen.filter(({ status }) => status === "failed" || status === "cancelled");
  const active = chosen.filter(isActive);
  return (
    <div class="selection" role="group" aria-label={t.selection.label}>
      <p role="status">{busy ? t.selection.busy(busy.count, busy.of) : t.selection.chosen(chosen.length)}</p>
      {busy ? <Progress value={busy.count / busy.of} label={t.selection.label} /> : (
        <>
          <button type="button" class="quiet" onClick={() => selection.set(order)}>{t.selection.all(order.length)}</button>
          <Action icon="download" text={ready.length > 1 ? t.selection.archive : t.conversion.download} on={ready} act={() => perform(ready, save)} />
          <Action icon="retry" text={t.conversion.retry} on={ended} act={() => change(ended, "retry")} />
          <Action icon="close" text={t.conversion.cancel} on={active} act={() => change(active, "cancel")} />
          <Action icon="trash" text={t.conversion.remove} on={chosen} act={() => ask(true)} />
        </>
      )}
      {asking && (
        <Dialog title={t.selection.removeAsk(chosen.length)} onClose={() => ask(false)}>
          <p>{t.selection.removeText}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => ask(false)}>{t.conversion.keep}</button>
            <button type="button" class="danger" onClick={() => { ask(false); change(chosen, "delete"); }}>{t.conversion.remove}</button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** One audio file, or a ZIP of each hundred. */
async function save(ids: string[], acted: (id: string) => void): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failures: [] };
  for (const batch of batches(ids)) {
    try {
      await (batch.length === 1 ? download(batch[0]!) : downloadArchive(batch));
      outcome.done += batch.length;
      batch.forEach(acted);
    } catch (error) {
      outcome.failures.push(...batch.map(() => error));
    }
  }
  return outcome;
}

/** Absent where it would do nothing. */
function Action({ icon, text, on, act }: { icon: IconName; text: string; on: readonly Conversion[]; act: () => void }) {
  if (on.length === 0) return null;
  return <button type="button" onClick={act}><Icon name={icon} />{`${text} (${on.length})`}</button>;
}

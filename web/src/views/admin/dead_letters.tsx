/** Messages that no process could handle: replayed once their cause is mended, or discarded. */
import { useState } from "preact/hooks";
import type { DeadLetter } from "../../admin/model";
import { usePages } from "../../admin/pages";
import { moment } from "../../format";
import { Dialog } from "../../parts/controls";
import { call } from "../../session/api";
import { texts } from "../../texts";
import { attempt, Section } from "../account/section";
import { List } from "./list";

export function DeadLetters() {
  const t = texts.value.admin;
  const letters = usePages<DeadLetter>("v1/admin/dead-letters");
  const [discarded, discard] = useState<DeadLetter | null>(null);
  const act = (path: string, method: string, done: string): void =>
    attempt(async () => {
      await call(path, { method });
      await letters.reload();
    }, done);
  return (
    <Section title={t.deadLetters} hint={t.deadLettersHint}>
      <List pages={letters}>
        {(letter) => (
          <li key={letter.id} class="webhook">
            <div>
              <strong>{letter.type || letter.queue}</strong>
              <span class="hint">{[letter.queue, moment(letter.died_at), t.letterStates[letter.status]].join(" · ")}</span>
              <span class="hint" dir="auto">{letter.reason}</span>
            </div>
            {letter.status === "waiting" && (
              <div class="buttons">
                <button type="button" onClick={() => act(`v1/admin/dead-letters/${letter.id}/replay`, "POST", t.replayed)}>{t.replay}</button>
                <button type="button" onClick={() => discard(letter)}>{t.discard}</button>
              </div>
            )}
          </li>
        )}
      </List>
      {discarded !== null && (
        <Dialog title={t.discardAsk} onClose={() => discard(null)}>
          <p>{t.discardText}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => discard(null)}>{texts.value.cancel}</button>
            <button type="button" class="danger" onClick={() => { discard(null); act(`v1/admin/dead-letters/${discarded.id}`, "DELETE", t.discarded); }}>{t.discard}</button>
          </div>
        </Dialog>
      )}
    </Section>
  );
}

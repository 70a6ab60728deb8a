/** Asks whether the address of a mailed link is to be confirmed for the account that is signed in. */
import { useEffect, useState } from "preact/hooks";
import { confirm, type Question, question, waiting } from "../account/confirmation";
import { explain } from "../explain";
import { notify } from "../notices";
import { Dialog } from "../parts/controls";
import { texts } from "../texts";

export function ConfirmAddress() {
  const token = waiting.value;
  return token === null ? null : <Asking key={token} token={token} />;
}

function Asking({ token }: { token: string }) {
  const t = texts.value.confirmation;
  const [asked, setAsked] = useState<Question | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const close = (): void => {
    waiting.value = null;
  };
  useEffect(() => {
    question().then(
      (found) => {
        if (found.isConfirmed) {
          close();
          notify(t.already);
        } else setAsked(found);
      },
      (error: unknown) => setFailure(explain(error, texts.value)),
    );
  }, []);
  const agree = (): void => {
    confirm(token).then(
      () => notify(t.done),
      (error: unknown) => {
        const words = explain(error, texts.value);
        if (waiting.value === null) notify(words, "problem");
        else setFailure(words);
      },
    );
  };
  if (asked === null && failure === null) return null;
  return (
    <Dialog title={t.title} onClose={close}>
      {asked && <p>{asked.next === null ? t.present(asked.present) : t.next(asked.next, asked.present)}</p>}
      {failure && <p class="error" role="alert">{failure}</p>}
      <div class="dialog-actions">
        <button type="button" onClick={close}>{t.refuse}</button>
        {asked && <button type="button" class="primary" onClick={agree}>{t.agree}</button>}
      </div>
    </Dialog>
  );
}

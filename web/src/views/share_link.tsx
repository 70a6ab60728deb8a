/** A link to the audio for others: made, copied, and ended together with all earlier ones. */
import { useEffect, useRef, useState } from "preact/hooks";
import { endLinks, type Link, shareLink } from "../conversions/actions";
import { explain } from "../explain";
import { date } from "../format";
import { notify } from "../notices";
import { Dialog, Spinner } from "../parts/controls";
import { texts } from "../texts";

export function ShareLink({ id, onClose }: { id: string; onClose: () => void }) {
  const t = texts.value.share;
  const [made, setMade] = useState<Link | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const fail = (error: unknown): void => setFailure(explain(error, texts.value));
  useEffect(() => void shareLink(id).then(setMade, fail), [id]);
  const copy = async (url: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(url);
    } catch {
      field.current?.select(); // the browser does not let the page write to the clipboard
      return;
    }
    onClose();
    notify(t.copied);
  };
  const end = async (): Promise<void> => {
    await endLinks(id);
    onClose();
    notify(t.ended);
  };
  return (
    <Dialog title={t.title} onClose={onClose}>
      {made && <p>{t.until(date(made.expires_at))}</p>}
      {made && <input class="link-field" ref={field} readOnly value={made.url} aria-label={t.label} onFocus={(event) => event.currentTarget.select()} />}
      {!made && failure === null && <Spinner />}
      {failure !== null && <p class="error" role="alert">{failure}</p>}
      <div class="dialog-actions">
        <button type="button" class="danger" onClick={() => void end().catch(fail)}>{t.end}</button>
        <button type="button" onClick={onClose}>{texts.value.close}</button>
        {made && <button type="button" class="primary" onClick={() => void copy(made.url)}>{t.copy}</button>}
      </div>
    </Dialog>
  );
}

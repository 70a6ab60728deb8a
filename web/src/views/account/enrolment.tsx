/** Adds an authenticator app: its secret as a picture and as text, and its first code. */
import { useEffect, useState } from "preact/hooks";
import { proven } from "../../account/proof";
import { Dialog, Field } from "../../parts/controls";
import { json } from "../../session/api";
import { Problem } from "../../session/problem";
import { texts } from "../../texts";
import { useSending } from "../sign_in";

export interface AddedTotp {
  id: string;
  secret: string;
  uri: string;
}

export function Enrolment({ added, onClose, onConfirmed }: { added: AddedTotp; onClose: () => void; onConfirmed: (codes: string[]) => void }) {
  const t = texts.value.accountView;
  const [code, setCode] = useState("");
  const form = useSending(
    async () => {
      const confirm = (): Promise<{ recovery_codes: string[] }> => json(`v1/auth/factors/${added.id}/confirm`, { body: { code: code.trim() } });
      onConfirmed((await proven(confirm)).recovery_codes);
    },
    (error) => (error instanceof Problem && error.code === "invalid_credentials" ? texts.value.factor.wrong : null),
  );
  return (
    <Dialog title={t.addApp} onClose={onClose}>
      <p>{t.scan}</p>
      <QrCode text={added.uri} />
      <p class="hint">{t.secret} <code class="secret">{added.secret}</code></p>
      <form onSubmit={(event) => { event.preventDefault(); form.send(); }}>
        <Field label={texts.value.factor.code} value={code} onInput={setCode} error={form.failure ?? undefined}
          input={{ autocomplete: "one-time-code", autocapitalize: "none", spellcheck: false, required: true, maxLength: 16 }} />
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>{texts.value.cancel}</button>
          <button type="submit" class="primary">{t.confirm}</button>
        </div>
      </form>
    </Dialog>
  );
}

function QrCode({ text }: { text: string }) {
  const [path, setPath] = useState("");
  const [size, setSize] = useState(1);
  useEffect(() => {
    void import("uqr").then(({ encode }) => {
      const { data, size: width } = encode(text, { border: 2 });
      setPath(data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join(""));
      setSize(width);
    });
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={texts.value.accountView.qr} shape-rendering="crispEdges">
      <path d={path} />
    </svg>
  );
}

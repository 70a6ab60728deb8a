import { useState } from "preact/hooks";
import { proven } from "../../account/proof";
import { Dialog, PasswordField } from "../../parts/controls";
import { call } from "../../session/api";
import { Problem } from "../../session/problem";
import { ended } from "../../session/session";
import { texts } from "../../texts";
import { useSending } from "../sign_in";
import { Section } from "./section";

export function DeletionSection() {
  const t = texts.value.accountView;
  const [isOpen, open] = useState(false);
  const [password, setPassword] = useState("");
  const form = useSending(
    async () => {
      await proven(() => call("v1/auth/me", { method: "DELETE", body: { password } }));
      ended();
    },
    (error) => (error instanceof Problem && error.code === "invalid_credentials" ? t.wrongPassword : null),
  );
  return (
    <Section title={t.deletion} hint={t.deletionHint}>
      <div class="buttons"><button type="button" class="danger" onClick={() => open(true)}>{t.deleteAccount}</button></div>
      {isOpen && (
        <Dialog title={t.deleteAsk} onClose={() => open(false)}>
          <form onSubmit={(event) => { event.preventDefault(); form.send(); }}>
            <p>{t.deleteText}</p>
            <PasswordField label={texts.value.signIn.password} value={password} onInput={setPassword} error={form.failure ?? undefined} input={{ autocomplete: "current-password" }} />
            <div class="dialog-actions">
              <button type="button" onClick={() => open(false)}>{texts.value.cancel}</button>
              <button type="submit" class="danger">{t.deleteAccount}</button>
            </div>
          </form>
        </Dialog>
      )}
    </Section>
  );
}

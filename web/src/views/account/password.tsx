import { useState } from "preact/hooks";
import { proven } from "../../account/proof";
import { PasswordField } from "../../parts/controls";
import { call } from "../../session/api";
import { Problem } from "../../session/problem";
import { texts } from "../../texts";
import { useSending } from "../sign_in";
import { notify } from "../../notices";
import { Section } from "./section";

export function PasswordSection() {
  const t = texts.value;
  const [isOpen, open] = useState(false);
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const words: Record<string, string> = { invalid_credentials: t.accountView.wrongPassword, weak_password: t.register.weak };
  const form = useSending(
    async () => {
      await proven(() => call("v1/auth/password/change", { body: { current_password: current, password } }));
      open(false);
      setCurrent("");
      setPassword("");
      notify(t.accountView.passwordChanged);
    },
    (error) => (error instanceof Problem ? (words[error.code] ?? null) : null),
  );
  return (
    <Section title={t.signIn.password} hint={t.accountView.passwordHint}>
      {isOpen ? (
        <form class="inline-form" onSubmit={(event) => { event.preventDefault(); form.send(); }}>
          <PasswordField label={t.accountView.currentPassword} value={current} onInput={setCurrent} input={{ autocomplete: "current-password" }} />
          <PasswordField label={t.accountView.newPassword} value={password} onInput={setPassword} hint={t.register.hint} input={{ autocomplete: "new-password", minLength: 8 }} />
          {form.failure && <p class="error" role="alert">{form.failure}</p>}
          <div class="buttons">
            <button type="submit" class="primary">{t.save}</button>
            <button type="button" onClick={() => open(false)}>{t.cancel}</button>
          </div>
        </form>
      ) : (
        <div class="buttons"><button type="button" onClick={() => open(true)}>{t.accountView.changePassword}</button></div>
      )}
    </Section>
  );
}

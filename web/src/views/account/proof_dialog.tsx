/** Asks for a fresh proof of the session, by password, code or passkey. */
import { useState } from "preact/hooks";
import { answer } from "../../account/passkeys";
import { prove, question, type Question } from "../../account/proof";
import { Dialog, Field, PasswordField } from "../../parts/controls";
import { json } from "../../session/api";
import { Problem } from "../../session/problem";
import { texts } from "../../texts";
import { useSending } from "../sign_in";

export function ProofDialog() {
  return question.value === null ? null : <Proof asked={question.value} />;
}

function Proof({ asked }: { asked: Question }) {
  const t = texts.value;
  const [secret, setSecret] = useState("");
  const wrong = asked.hasCode ? t.factor.wrong : t.accountView.wrongPassword;
  const own = (error: unknown): string | null => (error instanceof Problem && error.code === "invalid_credentials" ? wrong : null);
  const form = useSending(async () => {
    await prove(asked.hasCode ? { code: secret.trim() } : { password: secret });
    asked.answered(true);
  }, own);
  const passkey = useSending(async () => {
    await prove({ credential: await answer(await json("v1/auth/proof/options", { method: "POST" })) });
    asked.answered(true);
  }, own);
  const failure = form.failure ?? passkey.failure ?? undefined;
  return (
    <Dialog title={t.accountView.proofTitle} onClose={() => asked.answered(false)}>
      <form onSubmit={(event) => { event.preventDefault(); form.send(); }}>
        <p>{asked.hasCode ? t.factor.text : t.accountView.proofText}</p>
        {asked.hasCode
          ? <Field label={t.factor.code} value={secret} onInput={setSecret} error={failure} input={{ autocomplete: "one-time-code", required: true, maxLength: 64 }} />
          : <PasswordField label={t.signIn.password} value={secret} onInput={setSecret} error={failure} input={{ autocomplete: "current-password" }} />}
        <div class="dialog-actions">
          {asked.hasPasskey && <button type="button" onClick={passkey.send}>{t.factor.passkey}</button>}
          <button type="button" onClick={() => asked.answered(false)}>{t.cancel}</button>
          <button type="submit" class="primary">{t.factor.submit}</button>
        </div>
      </form>
    </Dialog>
  );
}

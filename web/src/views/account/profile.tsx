import { useEffect, useState } from "preact/hooks";
import { confirmed } from "../../account/confirmation";
import type { Account } from "../../account/model";
import { proven } from "../../account/proof";
import { useResource } from "../../account/resource";
import { Field } from "../../parts/controls";
import { call } from "../../session/api";
import { texts } from "../../texts";
import { attempt, Loaded, Section } from "./section";

export function Profile() {
  const t = texts.value.accountView;
  const account = useResource<Account>("v1/auth/me");
  const [email, setEmail] = useState<string | null>(null);
  const confirmations = confirmed.value;
  useEffect(() => void (confirmations && account.reload()), [confirmations]);
  const resend = (): void => attempt(async () => void (await call("v1/auth/email/resend", { method: "POST", body: {} })), t.resent);
  const change = (): void =>
    attempt(async () => {
      await proven(() => call("v1/auth/me", { method: "PATCH", body: { email } }));
      setEmail(null);
      await account.reload();
    }, t.emailRequested);
  return (
    <Section title={t.email}>
      <Loaded of={account}>
        {(held) => (
          <>
            <p class="line"><strong dir="auto">{held.email}</strong><span class="hint">{held.email_verified ? t.verified : t.unverified}</span></p>
            {held.pending_email && <p class="hint">{t.pending(held.pending_email)}</p>}
            {email === null ? (
              <div class="buttons">
                {!held.email_verified && <button type="button" onClick={resend}>{t.resend}</button>}
                <button type="button" onClick={() => setEmail("")}>{t.changeEmail}</button>
              </div>
            ) : (
              <form class="inline-form" onSubmit={(event) => { event.preventDefault(); change(); }}>
                <Field label={t.newEmail} value={email} onInput={setEmail} input={{ type: "email", autocomplete: "email", required: true, maxLength: 254 }} />
                <div class="buttons">
                  <button type="submit" class="primary">{texts.value.save}</button>
                  <button type="button" onClick={() => setEmail(null)}>{texts.value.cancel}</button>
                </div>
              </form>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

/** Signed out: what this is, and the forms to get in. */
import { useEffect, useState } from "preact/hooks";
import { waiting } from "../account/confirmation";
import { Icon } from "../parts/icon";
import { texts } from "../texts";
import { providerFailure } from "../session/providers";
import { ProviderButtons } from "./provider_buttons";
import { factorOf, FactorForm, ForgotForm, RegisterForm, SignInForm } from "./sign_in";

export interface FactorStep {
  token: string;
  /** For a sign-in with a passkey, where the account has one. */
  passkey: PublicKeyCredentialRequestOptionsJSON | null;
}

export type Step = { kind: "sign-in" | "register" | "forgot" } | { kind: "factor"; factor: FactorStep };

export function Welcome() {
  const t = texts.value;
  const [step, go] = useState<Step>({ kind: "sign-in" });
  const [email, setEmail] = useState("");
  useEffect(() => {
    document.title = t.title;
  }, [t]);
  useEffect(() => {
    const factor = factorOf(providerFailure.value);
    if (factor === null) return;
    providerFailure.value = null;
    go({ kind: "factor", factor });
  }, []);
  const shared = { email, setEmail, go };
  return (
    <div class="welcome">
      <section class="pitch">
        <h2>{t.slogan}</h2>
        <p>{t.pitch}</p>
        <ul>{t.facts.map((fact) => <li key={fact}><Icon name="check" />{fact}</li>)}</ul>
      </section>
      <section class="card">
        {waiting.value && <p role="status">{t.confirmation.signIn}</p>}
        {step.kind === "sign-in" && <SignInForm {...shared} />}
        {step.kind === "register" && <RegisterForm {...shared} />}
        {step.kind === "forgot" && <ForgotForm {...shared} />}
        {(step.kind === "sign-in" || step.kind === "register") && <ProviderButtons />}
        {step.kind === "factor" && <FactorForm factor={step.factor} go={go} />}
      </section>
    </div>
  );
}

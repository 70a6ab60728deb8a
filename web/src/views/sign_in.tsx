/** Forms of people who are not signed in. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { answer, hasPasskeys } from "../account/passkeys";
import { Declined } from "../account/proof";
import { explain } from "../explain";
import { Field, PasswordField } from "../parts/controls";
import { call } from "../session/api";
import { Problem } from "../session/problem";
import { signIn } from "../session/session";
import { texts } from "../texts";
import type { FactorStep, Step } from "./welcome";

interface Shared {
  email: string;
  setEmail: (email: string) => void;
  go: (step: Step) => void;
}

export function SignInForm({ email, setEmail, go }: Shared) {
  const t = texts.value;
  const [password, setPassword] = useState("");
  const form = useSending(() => enter(email, password, go), (error) => (isCode(error, "invalid_credentials") ? t.signIn.wrong : null));
  return (
    <Form title={t.signIn.title} submit={t.signIn.submit} form={form}
      more={<>
        <LinkButton text={t.signIn.toRegister} onClick={() => go({ kind: "register" })} />
        <LinkButton text={t.signIn.toForgot} onClick={() => go({ kind: "forgot" })} />
      </>}>
      <EmailField value={email} onInput={setEmail} />
      <PasswordField label={t.signIn.password} value={password} onInput={setPassword} input={{ autocomplete: "current-password" }} />
    </Form>
  );
}

export function RegisterForm({ email, setEmail, go }: Shared) {
  const t = texts.value;
  const [password, setPassword] = useState("");
  const words: Record<string, string> = { email_taken: t.register.taken, weak_password: t.register.weak };
  const form = useSending(
    async () => {
      await call("v1/auth/register", { body: { email, password }, open: true });
      await enter(email, password, go);
    },
    (error) => (error instanceof Problem ? (words[error.code] ?? null) : null),
  );
  return (
    <Form title={t.register.title} submit={t.register.submit} form={form}
      more={<LinkButton text={t.register.toSignIn} onClick={() => go({ kind: "sign-in" })} />}>
      <EmailField value={email} onInput={setEmail} />
      <PasswordField label={t.signIn.password} value={password} onInput={setPassword} hint={t.register.hint}
        input={{ autocomplete: "new-password", minLength: 8 }} />
    </Form>
  );
}

export function ForgotForm({ email, setEmail, go }: Shared) {
  const t = texts.value;
  const [sent, setSent] = useState(false);
  const form = useSending(async () => {
    await call("v1/auth/password/forgot", { body: { email }, open: true });
    setSent(true);
  });
  return (
    <Form title={t.forgot.title} submit={t.forgot.submit} form={form}
      more={<LinkButton text={t.forgot.back} onClick={() => go({ kind: "sign-in" })} />}>
      <p>{t.forgot.text}</p>
      <EmailField value={email} onInput={setEmail} />
      {sent && <p class="success" role="status">{t.forgot.sent}</p>}
    </Form>
  );
}

export function FactorForm({ factor, go }: { factor: FactorStep; go: (step: Step) => void }) {
  const t = texts.value;
  const [code, setCode] = useState("");
  const own = (error: unknown): string | null => (isCode(error, "invalid_credentials") ? t.factor.wrong : null);
  const form = useSending(() => signIn("login/factor", { factor_token: factor.token, code: code.trim() }), own);
  const { passkey } = factor;
  const byPasskey = useSending(async () => {
    if (passkey) await signIn("login/factor", { factor_token: factor.token, credential: await answer(passkey) });
  }, own);
  return (
    <Form title={t.factor.title} submit={t.factor.submit} form={form}
      more={<LinkButton text={t.factor.again} onClick={() => go({ kind: "sign-in" })} />}>
      {passkey && hasPasskeys() && <button type="button" onClick={byPasskey.send}>{t.factor.passkey}</button>}
      {byPasskey.failure && <p class="error" role="alert">{byPasskey.failure}</p>}
      <p>{t.factor.text}</p>
      <Field label={t.factor.code} value={code} onInput={setCode}
        input={{ autocomplete: "one-time-code", autocapitalize: "none", spellcheck: false, required: true, maxLength: 64 }} />
    </Form>
  );
}

async function enter(email: string, password: string, go: (step: Step) => void): Promise<void> {
  try {
    await signIn("login", { email, password });
  } catch (error) {
    const factor = factorOf(error);
    if (factor === null) throw error;
    go({ kind: "factor", factor });
  }
}

/** The second step that a sign-in asks for; null for any other error. */
export function factorOf(error: unknown): FactorStep | null {
  if (!(error instanceof Problem) || error.code !== "second_factor_required") return null;
  const { factor_token: token, passkey_options: passkey = null } = error.body;
  return { token: String(token), passkey: passkey as FactorStep["passkey"] };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Problem && error.code === code;
}

interface Sending {
  busy: boolean;
  failure: string | null;
  send: () => void;
}

/** Sends once at a time. `own` gives a sentence for the problems that the form knows better. */
export function useSending(act: () => Promise<void>, own: (error: unknown) => string | null = () => null): Sending {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const send = (): void => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    act()
      .catch((error: unknown) => error instanceof Declined || setFailure(own(error) ?? explain(error, texts.value)))
      .finally(() => setBusy(false));
  };
  return { busy, failure, send };
}

export function Form({ title, submit, form, more, children }: { title: string; submit: string; form: Sending; more?: ComponentChildren; children: ComponentChildren }) {
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => element.current?.querySelector("input")?.focus(), []);
  return (
    <form ref={element} onSubmit={(event) => { event.preventDefault(); form.send(); }}>
      <h2>{title}</h2>
      {children}
      {form.failure && <p class="error" role="alert">{form.failure}</p>}
      <button type="submit" class="primary" aria-disabled={form.busy}>{form.busy ? texts.value.loading : submit}</button>
      {more && <div class="form-more">{more}</div>}
    </form>
  );
}

function EmailField({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  return (
    <Field label={texts.value.signIn.email} value={value} onInput={onInput}
      input={{ type: "email", autocomplete: "username", autocapitalize: "none", spellcheck: false, required: true, maxLength: 254 }} />
  );
}

function LinkButton({ text, onClick }: { text: string; onClick: () => void }) {
  return <button type="button" class="link" onClick={onClick}>{text}</button>;
}

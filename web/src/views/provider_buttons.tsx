/** Buttons to sign in with a provider, where there is one, and what went wrong the last time. */
import { useEffect } from "preact/hooks";
import { explain } from "../explain";
import { loadProviders, providerFailure, providers, startSignIn } from "../session/providers";
import { texts } from "../texts";

export function ProviderButtons() {
  const t = texts.value;
  useEffect(() => void loadProviders().catch(() => undefined), []); // signing in with a password works without them
  const failure = providerFailure.value;
  if (providers.value.length === 0 && failure === null) return null;
  return (
    <div class="providers">
      {providers.value.length > 0 && <p class="or"><span>{t.signIn.or}</span></p>}
      {failure !== null && <p class="error" role="alert">{typeof failure === "string" ? (t.providers.errors[failure] ?? t.problems.unknown) : explain(failure, t)}</p>}
      {providers.value.map(({ name, title }) => (
        <button key={name} type="button" onClick={() => void startSignIn(name)}>{t.signIn.with(title)}</button>
      ))}
    </div>
  );
}

/** With which token calls are sent: that of the browser's session, another one, or none. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { json } from "../session/api";
import { accessToken, epoch, refresh, replace, state } from "../session/session";

type Source = "session" | "other" | "none";

const source = signal<Source>("session");
const other = signal("");
const address = signal<string | null>(null);

/** True when a call would be sent with a token. */
export function hasToken(): boolean {
  return source.value === "session" ? state.value === "signed-in" : source.value === "other" && other.value !== "";
}

/** The token to send. Throws Unreachable and Problem when the session cannot be refreshed. */
export async function token(): Promise<string | null> {
  if (!hasToken()) return null;
  return source.value === "session" ? accessToken() : other.value;
}

/** Finds out, after a 401, whether the session has ended: by a sign-out that was tried here, for example. */
export function check(sent: string | null): void {
  if (sent !== null && source.value === "session") void replace(sent).catch(() => undefined);
}

export function Authorization() {
  useEffect(() => {
    address.value = null;
    if (state.value !== "signed-in") return;
    void json<{ email: string }>("v1/auth/me").then(
      ({ email }) => {
        address.value = email;
      },
      () => undefined,
    );
  }, [state.value, epoch.value]);
  return (
    <fieldset class="authorization">
      <legend>Send calls</legend>
      <Choice value="session" text="as you, signed in here" />
      {source.value === "session" && <p class="hint" role="status"><Session /></p>}
      <Choice value="other" text="with another access token or API key" />
      {source.value === "other" && (
        <div class="field">
          <label for="token">Access token or API key</label>
          <input id="token" type="password" autocomplete="off" value={other.value}
            onInput={(event) => { other.value = event.currentTarget.value.trim(); }} />
        </div>
      )}
      <Choice value="none" text="without a token" />
    </fieldset>
  );
}

function Choice({ value, text }: { value: Source; text: string }) {
  return (
    <label>
      <input type="radio" name="source" value={value} checked={source.value === value} onChange={() => { source.value = value; }} />
      {text}
    </label>
  );
}

function Session() {
  switch (state.value) {
    case "starting":
      return <>Looking for your session…</>;
    case "unreachable":
      return <>Tonegate cannot be reached. <button type="button" class="link" onClick={() => void refresh().catch(() => undefined)}>Try again</button></>;
    case "signed-in":
      return <>{address.value === null ? "Signed in." : <>Signed in as <strong>{address.value}</strong>.</>} Calls act on this account.</>;
    case "signed-out":
      // In a tab of its own: what is typed here stays, and this page takes part in the session at once.
      return <>Not signed in: calls go without a token. <a href="./" target="_blank" rel="noopener">Sign in (opens a new tab)</a></>;
  }
}

/**
 * Confirms the address of the signed-in account. The page behind a mailed link leads here as `#confirm=<token>`, for
 * accounts without a password. The token leaves the address bar at once, and waits until someone is signed in.
 */
import { effect, signal } from "@preact/signals";
import { explain } from "../explain";
import { notify } from "../notices";
import { call } from "../session/api";
import { state } from "../session/session";
import { texts } from "../texts";

const PREFIX = "#confirm=";

/** The token that waits to be used; null for none. */
export const waiting = signal<string | null>(null);
/** Grows with each address that was confirmed here. */
export const confirmed = signal(0);

/** The token in a fragment; null if there is none. */
export function tokenOf(hash: string): string | null {
  return hash.startsWith(PREFIX) ? new URLSearchParams(hash.slice(1)).get("confirm") : null;
}

export function startConfirmation(): void {
  take();
  addEventListener("hashchange", take);
  effect(() => {
    const token = waiting.value;
    if (token === null || state.value !== "signed-in") return;
    waiting.value = null;
    void confirm(token);
  });
}

function take(): void {
  const token = tokenOf(location.hash);
  if (token === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  waiting.value = token;
}

async function confirm(token: string): Promise<void> {
  const t = texts.value;
  try {
    await call("v1/auth/email/verify", { body: { token } });
    confirmed.value += 1;
    notify(t.confirmation.done);
  } catch (error) {
    notify(explain(error, t), "problem");
  }
}

/**
 * Confirmation of an address by the account that is signed in. The page behind a mailed link leads here as
 * `#confirm=<token>`, for accounts without a password. The token leaves the address bar at once, and is used when the
 * reader has seen the address and agreed: a link of someone else's making must not change an account.
 */
import { effect, signal } from "@preact/signals";
import { call, json } from "../session/api";
import { Problem } from "../session/problem";
import type { Account } from "./model";

const PREFIX = "#confirm=";

const KEY = "tonegate.confirm";

/** The token that waits to be used; null for none. It is kept while the tab is at a sign-in provider. */
export const waiting = signal<string | null>(sessionStorage.getItem(KEY));
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
    if (waiting.value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, waiting.value);
  });
}

function take(): void {
  const token = tokenOf(location.hash);
  if (token === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  waiting.value = token;
}

export interface Question {
  /** The address of the account now. */
  present: string;
  /** The address that takes its place; null when the present one is to be confirmed. */
  next: string | null;
  isConfirmed: boolean;
}

export async function question(): Promise<Question> {
  const { email, pending_email, email_verified } = await json<Account>("v1/auth/me");
  return { present: email, next: pending_email, isConfirmed: email_verified && pending_email === null };
}

/** Throws Problem and Unreachable. The token is kept while it may still be used. */
export async function confirm(token: string): Promise<void> {
  try {
    await call("v1/auth/email/verify", { body: { token } });
  } catch (error) {
    if (isFinal(error)) waiting.value = null;
    throw error;
  }
  waiting.value = null;
  confirmed.value += 1;
}

function isFinal(error: unknown): boolean {
  return error instanceof Problem && error.status < 500 && ![401, 408, 429].includes(error.status);
}

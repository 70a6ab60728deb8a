/**
 * Signing in with a provider. The browser goes to the provider's page and comes back to this one with a code, which is
 * exchanged together with a secret that only this tab has (PKCE, RFC 7636).
 */
import { signal } from "@preact/signals";
import { json } from "./api";
import { signIn } from "./session";

export interface Provider {
  name: string;
  title: string;
}

interface ProviderList {
  items: Provider[];
  /** The address of this page, to which the browser comes back. */
  page: string;
}

const KEY = "tonegate.provider";
const SECRET_BYTES = 32;

/** Those that can be used at this address of the page. */
export const providers = signal<readonly Provider[]>([]);
/** What kept the last sign-in with a provider from succeeding: an error, or the code of one. */
export const providerFailure = signal<unknown>(null);

const here = (): string => location.origin + location.pathname;

export async function loadProviders(): Promise<void> {
  const { items, page } = await json<ProviderList>("v1/auth/oauth/providers", { open: true });
  // Without a secure context the browser computes no challenge.
  providers.value = page === here() && isSecureContext ? items : [];
}

/** Leaves the page. */
export async function startSignIn(provider: string): Promise<void> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  providerFailure.value = null;
  sessionStorage.setItem(KEY, verifier);
  const query = new URLSearchParams({ redirect_uri: here(), code_challenge: base64url(new Uint8Array(digest)) });
  location.assign(`v1/auth/oauth/${provider}/start?${query}`);
}

/** Ends a sign-in when the browser comes back with its result; does nothing otherwise. */
export async function finishSignIn(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const [code, error] = [query.get("code"), query.get("error")];
  if (code === null && error === null) return;
  history.replaceState(null, "", location.pathname + location.hash);
  const verifier = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  // A link of someone else's making must neither sign in here nor show words.
  if (verifier === null) return;
  if (code === null) {
    providerFailure.value = error;
    return;
  }
  try {
    await signIn("login/provider", { code, code_verifier: verifier });
    providerFailure.value = null;
  } catch (failure) {
    providerFailure.value = failure;
  }
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

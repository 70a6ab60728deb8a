/** Push messages to this browser, which come also while the page is closed (Push API, W3C). */
import { call, json } from "../session/api";
import { language } from "../texts";

export const canPush = "serviceWorker" in navigator && "PushManager" in globalThis && isSecureContext;

const PATH = "v1/push-subscriptions";

interface TrustedUrls {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

// The Content-Security-Policy allows this policy alone, and it allows this one script.
const trusted = (globalThis as { trustedTypes?: TrustedUrls }).trustedTypes?.createPolicy("tonegate-worker", {
  createScriptURL: (chosen) => `service-worker.js?language=${chosen.replace(/[^a-z]/g, "")}`,
});

/** Subscribes, or tells the server of the subscription again: it belongs to the session. Throws where it is refused. */
export async function subscribe(): Promise<void> {
  const registration = await register();
  const { key } = await json<{ key: string }>(`${PATH}/key`);
  const held = await registration.pushManager.getSubscription();
  const made = held && isFor(held, key) ? held : await renewed(registration, held, key);
  await call(PATH, { body: made.toJSON() });
}

/** The server deletes a subscription that its push service does not know any more. */
export async function unsubscribe(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

async function register(): Promise<ServiceWorkerRegistration> {
  const url = trusted ? trusted.createScriptURL(language.value) : `service-worker.js?language=${language.value}`;
  await navigator.serviceWorker.register(url);
  return navigator.serviceWorker.ready;
}

async function renewed(registration: ServiceWorkerRegistration, held: PushSubscription | null, key: string): Promise<PushSubscription> {
  await held?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Whether the subscription was made with the server's key of today. */
export function isFor(subscription: PushSubscription, key: string): boolean {
  const held = subscription.options?.applicationServerKey;
  if (!held) return false;
  const text = btoa(String.fromCharCode(...new Uint8Array(held)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === key;
}

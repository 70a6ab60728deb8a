/** Push messages to this browser, which come also while the page is closed (Push API, W3C). */
import { call, json } from "../session/api";
import { hasWorker, registerWorker } from "../service_worker";

export const canPush = hasWorker && "PushManager" in globalThis;

const PATH = "v1/push-subscriptions";

/** Subscribes, or tells the server of the subscription again: it belongs to the session. Throws where it is refused. */
export async function subscribe(): Promise<void> {
  const registration = await registerWorker();
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

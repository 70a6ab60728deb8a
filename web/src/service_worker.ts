/** The registration of the service worker, which shows push messages and takes what is shared with the installed page. */
import { language } from "./texts";

/** Browsers have service workers on https and on the machine itself only. */
export const hasWorker = "serviceWorker" in navigator && isSecureContext;

interface TrustedUrls {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

// The Content-Security-Policy allows this policy alone, and it allows this one script.
const trusted = (globalThis as { trustedTypes?: TrustedUrls }).trustedTypes?.createPolicy("tonegate-worker", {
  createScriptURL: (chosen) => `service-worker.js?language=${chosen.replace(/[^a-z]/g, "")}`,
});

/** Registers it, anew when the language has changed, and waits until it is active. */
export async function registerWorker(): Promise<ServiceWorkerRegistration> {
  const url = trusted ? trusted.createScriptURL(language.value) : `service-worker.js?language=${language.value}`;
  await navigator.serviceWorker.register(url);
  return navigator.serviceWorker.ready;
}

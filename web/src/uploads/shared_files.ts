/** Files that another app has shared with the installed page, until they are sent or discarded (worker/shared.ts). */
import { signal } from "@preact/signals";
import { hasWorker, registerWorker } from "../service_worker";

const CACHE = "tonegate-shared";
const FAILED = "#share-failed";

export const sharedFiles = signal<readonly File[]>([]);
export const shareFailed = signal(false);

/** Reads what was shared, and has the service worker take what will be. */
export async function startSharing(): Promise<void> {
  if (!hasWorker) return;
  void registerWorker().catch(() => undefined);
  if (location.hash === FAILED) {
    shareFailed.value = true;
    history.replaceState(null, "", "./");
  }
  sharedFiles.value = await keptFiles().catch(() => []);
}

/** Forgets the files here and on the device. */
export async function forgetShared(): Promise<void> {
  sharedFiles.value = [];
  await caches.delete(CACHE).catch(() => undefined);
}

async function keptFiles(): Promise<File[]> {
  if (!(await caches.has(CACHE))) return [];
  const cache = await caches.open(CACHE);
  const found: File[] = [];
  for (const request of await cache.keys()) {
    const content = await (await cache.match(request))?.blob();
    const name = new URL(request.url).searchParams.get("name") ?? "";
    if (content) found.push(new File([content], name, { type: content.type }));
  }
  return found;
}

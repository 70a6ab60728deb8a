/** Files that another app has shared with the installed page, until they are sent or discarded (worker/shared.ts). */
import { effect, signal } from "@preact/signals";
import { hasWorker, registerWorker } from "../service_worker";
import { state } from "../session/session";
import type { Uploads } from "./queue";

const CACHE = "tonegate-shared";
const FAILED = "#share-failed";
const KEPT_MS = 24 * 60 * 60 * 1000;

interface SharedFile {
  /** The address in the cache. */
  url: string;
  file: File;
}

export const sharedFiles = signal<readonly SharedFile[]>([]);
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
  forgetAtSignOut();
}

/** Sends the files that no other window has sent. Each is forgotten on the device when the upload has its own copy. */
export async function sendShared(uploads: Uploads, fields: Record<string, string>, isSoundOnly: boolean): Promise<void> {
  const files = sharedFiles.value;
  sharedFiles.value = [];
  await navigator.locks.request(`${CACHE}-sending`, async () => {
    const cache = await caches.open(CACHE);
    for (const { url, file } of files) {
      if ((await cache.match(url)) === undefined) continue;
      await uploads.add([file], fields, isSoundOnly);
      await cache.delete(url);
    }
  });
}

/** Forgets the files that are shown. */
export async function discardShared(): Promise<void> {
  const files = sharedFiles.value;
  sharedFiles.value = [];
  const cache = await caches.open(CACHE);
  for (const { url } of files) await cache.delete(url);
}

/** Who uses this browser next gets nothing that was shared before; what was shared while signed out stays. */
function forgetAtSignOut(): void {
  let wasIn = false;
  effect(() => {
    if (wasIn && state.value === "signed-out") {
      sharedFiles.value = [];
      void caches.delete(CACHE).catch(() => undefined);
    }
    wasIn = state.value === "signed-in";
  });
}

/** The files of the cache that are not too old. */
async function keptFiles(): Promise<SharedFile[]> {
  if (!(await caches.has(CACHE))) return [];
  const cache = await caches.open(CACHE);
  const found: SharedFile[] = [];
  for (const { url } of await cache.keys()) {
    const { searchParams } = new URL(url);
    const content = await (await cache.match(url))?.blob();
    if (!content) continue;
    if (Date.now() - Number(searchParams.get("at")) > KEPT_MS) await cache.delete(url);
    else found.push({ url, file: new File([content], searchParams.get("name") ?? "", { type: content.type }) });
  }
  return found;
}

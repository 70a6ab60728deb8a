/**
 * Unfinished uploads in IndexedDB, so that they go on after a reload. Small enough files are kept with them; the
 * others have to be chosen again. Nothing stays after the end of an upload.
 */
import type { Reason } from "./sound_only/outcome";

export interface KeptUpload {
  id: string;
  account: string;
  name: string;
  size: number;
  modified: number;
  fields: Record<string, string>;
  url: string | null;
  paused: boolean;
  file: File | null;
  /** Whether the sound is to be taken out of `file` before it is sent. */
  isVideo?: boolean;
  /** The video whose sound is sent; `size` and `file` are those of the sound. */
  video?: { size: number; version: number } | undefined;
  /** Why the video is sent whole. */
  whole?: Reason | undefined;
}

export const MAX_KEPT_BYTES = 256 * 1024 * 1024;
const STORE = "uploads";

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("tonegate", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function perform<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await database()).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Without its file when there is no room for it. An upload that cannot be kept at all does not outlive the page. */
export async function keep(upload: KeptUpload): Promise<void> {
  const file = upload.size <= MAX_KEPT_BYTES ? upload.file : null;
  try {
    await perform("readwrite", (store) => store.put({ ...upload, file }));
  } catch {
    await perform("readwrite", (store) => store.put({ ...upload, file: null })).catch(() => undefined);
  }
}

export async function keptOf(account: string): Promise<KeptUpload[]> {
  const all = await perform<KeptUpload[]>("readonly", (store) => store.getAll() as IDBRequest<KeptUpload[]>).catch(() => []);
  return all.filter((each) => each.account === account);
}

export async function change(id: string, part: Partial<KeptUpload>): Promise<void> {
  await perform("readwrite", (store) => {
    const request = store.get(id) as IDBRequest<KeptUpload | undefined>;
    request.onsuccess = () => {
      if (request.result) store.put({ ...request.result, ...part });
    };
    return request;
  }).catch(() => undefined);
}

export async function drop(id: string): Promise<void> {
  await perform("readwrite", (store) => store.delete(id)).catch(() => undefined);
}

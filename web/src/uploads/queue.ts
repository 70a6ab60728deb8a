/** The uploads of this tab: two at a time, in the order in which they were chosen. */
import { computed, signal } from "@preact/signals";
import { call } from "../session/api";
import { claim } from "../session/locks";
import { drop, keep, keptOf, type KeptUpload } from "./kept_uploads";
import { Upload } from "./upload";

const AT_ONCE = 2;

/** A file that cannot be sent, and why. */
export interface Refused {
  name: string;
  reason: "empty" | "too-large";
}

export class Uploads {
  readonly items = signal<readonly Upload[]>([]);
  readonly refused = signal<readonly Refused[]>([]);
  readonly maxBytes = signal<number | null>(null);
  /** Ids at the server of the uploads that this tab shows itself. */
  readonly serverIds = computed(() => new Set(this.items.value.map((each) => each.serverId.value)));
  private readonly releases = new Map<string, () => void>();

  private account = "";
  private known: () => void = () => undefined;
  /** Until the account is known nothing is kept, and so nothing is sent. */
  private readonly ready = new Promise<void>((resolve) => {
    this.known = resolve;
  });

  constructor(private readonly finished: (conversion: string) => void) {}

  /** Takes up the unfinished uploads of this account. */
  async start(account: string): Promise<void> {
    this.account = account;
    this.known();
    addEventListener("online", this.onOnline);
    void this.askLimit();
    for (const kept of await keptOf(account)) {
      if (this.items.value.some((each) => each.kept.id === kept.id)) continue;
      if (await this.claim(kept.id)) this.put(kept);
    }
    this.advance();
  }

  stop(): void {
    removeEventListener("online", this.onOnline);
    for (const each of this.items.value) each.stop();
    for (const release of this.releases.values()) release();
    this.items.value = [];
  }

  /** Ends when the files are kept for a reload, as far as the browser keeps them. */
  async add(files: readonly File[], fields: Record<string, string>, isSoundOnly = false): Promise<void> {
    await this.ready;
    const keeping: Promise<void>[] = [];
    for (const file of files) {
      if (this.items.value.some((each) => each.accept(file))) continue;
      const reason = this.reasonAgainst(file);
      if (reason) {
        this.refused.value = [...this.refused.value, { name: file.name, reason }];
        continue;
      }
      const kept: KeptUpload = {
        id: newId(), account: this.account, name: file.name, size: file.size, modified: file.lastModified,
        fields, url: null, paused: false, file, isVideo: isSoundOnly,
      };
      await this.claim(kept.id);
      this.put(kept);
      keeping.push(keep({ ...kept, url: null }));
    }
    this.advance();
    await Promise.all(keeping);
  }

  forgetRefused(): void {
    this.refused.value = [];
  }

  async cancel(upload: Upload): Promise<void> {
    const id = upload.serverId.value;
    await upload.cancel();
    this.remove(upload);
    if (id !== null) await call(`v1/uploads/${id}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => undefined);
  }

  private put(kept: KeptUpload): void {
    const upload: Upload = new Upload(kept, () => this.advance(), (id) => this.end(upload, id));
    this.items.value = [...this.items.value, upload];
  }

  private end(upload: Upload, id: string): void {
    this.finished(id);
    this.remove(upload);
  }

  private remove(upload: Upload): void {
    this.items.value = this.items.value.filter((each) => each !== upload);
    this.releases.get(upload.kept.id)?.();
    this.releases.delete(upload.kept.id);
    this.advance();
  }

  /** Begins what may begin now. */
  private advance(): void {
    // Looked at anew each time: an upload that begins calls this again.
    for (;;) {
      const busy = this.items.value.filter((each) => each.isBusy).length;
      const next = this.items.value.find((each) => each.state.value === "waiting");
      if (next === undefined || busy >= AT_ONCE) return;
      next.begin();
    }
  }

  private readonly onOnline = (): void => {
    for (const each of this.items.value) each.reconnect();
  };

  private reasonAgainst(file: File): Refused["reason"] | null {
    if (file.size === 0) return "empty";
    return this.maxBytes.value !== null && file.size > this.maxBytes.value ? "too-large" : null;
  }

  private async askLimit(): Promise<void> {
    const answer = await call("v1/uploads", { method: "OPTIONS", open: true }).catch(() => null);
    const limit = Number(answer?.headers.get("Tus-Max-Size"));
    if (limit > 0) this.maxBytes.value = limit;
  }

  /** Holds a lock for as long as this tab sends the upload. False when another tab does. */
  private async claim(id: string): Promise<boolean> {
    const release = await claim(`tonegate-upload-${id}`);
    if (release) this.releases.set(id, release);
    return release !== null;
  }
}

/** Forgets the unfinished uploads of an account. */
export async function forgetKept(account: string): Promise<void> {
  for (const { id } of await keptOf(account)) await drop(id);
}

/** crypto.randomUUID is missing on plain HTTP outside the machine. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

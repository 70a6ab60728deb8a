/** One upload: its state as signals, and the tus client that sends it. */
import { signal } from "@preact/signals";
import { Upload as TusUpload } from "tus-js-client";
import { accessToken, replace } from "../session/session";
import { ATTEMPTS, isPassing, pauseMs, problemIn, statusOf } from "./back_off";
import { change, drop, keep, type KeptUpload } from "./kept_uploads";
import { Speed } from "./speed";
import { withSound } from "./preparation";

export type UploadState = "waiting" | "preparing" | "sending" | "paused" | "reconnecting" | "needs-file" | "elsewhere" | "failed" | "done";

export interface Failure {
  code: string;
  detail: string;
}

export class Upload {
  readonly state = signal<UploadState>("waiting");
  readonly sent = signal(0);
  readonly speed = signal<number | null>(null);
  readonly failure = signal<Failure | null>(null);
  /** The id of the upload at the server, and later of the conversion. */
  readonly serverId = signal<string | null>(null);
  private tus: TusUpload | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private token = "";
  private preparation = new AbortController();
  private readonly measured = new Speed();

  constructor(
    readonly kept: KeptUpload,
    private readonly changed: () => void,
    private readonly finished: (conversion: string) => void,
  ) {
    this.serverId.value = idIn(kept.url);
    if (kept.file === null) this.state.value = "needs-file";
    else if (kept.paused) this.state.value = "paused";
  }

  get name(): string {
    return this.kept.name;
  }

  get size(): number {
    return this.kept.size;
  }

  get isBusy(): boolean {
    return ["preparing", "sending", "reconnecting"].includes(this.state.value);
  }

  begin(): void {
    if (this.state.value !== "waiting") return;
    if (this.kept.isVideo) return void this.prepare();
    this.state.value = "sending";
    this.connect();
    this.changed();
  }

  pause(): void {
    this.stop();
    this.go("paused");
    this.kept.paused = true;
    void change(this.kept.id, { paused: true });
  }

  resume(): void {
    this.attempt = 0;
    this.failure.value = null;
    this.kept.paused = false;
    void change(this.kept.id, { paused: false });
    this.go("waiting");
  }

  /** Tries again at once, after the network has come back. */
  reconnect(): void {
    if (this.state.value !== "reconnecting") return;
    clearTimeout(this.timer);
    this.connect();
  }

  /** The same file, chosen again after a reload. False for another one. */
  accept(file: File): boolean {
    if (this.state.value !== "needs-file" || file.name !== this.name) return false;
    if (file.size !== (this.kept.video?.size ?? this.size)) return false;
    if (this.kept.video) this.kept.isVideo = true;
    this.kept.file = file;
    void keep(this.kept);
    this.resume();
    return true;
  }

  async cancel(): Promise<void> {
    this.stop();
    await drop(this.kept.id);
  }

  /** Stops sending without a trace at the server, such as when the page is left. */
  stop(): void {
    clearTimeout(this.timer);
    this.preparation.abort();
    void this.tus?.abort().catch(() => undefined);
    this.tus = null;
    this.measured.reset();
    this.speed.value = null;
  }

  /** Takes the sound out of the video, where that gives the same result. */
  private async prepare(): Promise<void> {
    this.state.value = "preparing";
    const { signal } = (this.preparation = new AbortController());
    const prepared = await withSound(this.kept, signal).catch(() => null);
    if (signal.aborted || prepared === null) return;
    Object.assign(this.kept, prepared);
    this.serverId.value = idIn(this.kept.url);
    await keep(this.kept);
    if (signal.aborted) return;
    this.state.value = "waiting";
    this.begin();
  }

  private go(state: UploadState): void {
    if (this.state.value === state) return;
    this.state.value = state;
    this.changed();
  }

  private connect(): void {
    const file = this.kept.file;
    if (file === null) return this.go("needs-file");
    const tus: TusUpload = new TusUpload(file, {
      endpoint: new URL("v1/uploads", document.baseURI).href,
      uploadUrl: this.kept.url,
      metadata: { filename: this.name, ...this.kept.fields },
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: async (request) => {
        this.token = await accessToken();
        request.setHeader("Authorization", `Bearer ${this.token}`);
      },
      onUploadUrlAvailable: () => {
        this.kept.url = tus.url;
        this.serverId.value = idIn(tus.url);
        void change(this.kept.id, { url: tus.url });
        this.changed();
      },
      onProgress: (sent) => this.measure(tus, sent),
      onSuccess: () => void this.end(tus),
      onError: (error) => this.fail(tus, error),
    });
    this.tus = tus;
    tus.start();
  }

  private measure(tus: TusUpload, sent: number): void {
    if (this.tus !== tus) return;
    if (sent < this.sent.value) this.measured.reset();
    this.sent.value = sent;
    this.measured.add(sent, performance.now());
    this.speed.value = this.measured.value;
    if (this.state.value === "reconnecting" && sent > 0) {
      this.attempt = 0;
      this.go("sending");
    }
  }

  private async end(tus: TusUpload): Promise<void> {
    if (this.tus !== tus) return;
    await drop(this.kept.id);
    this.sent.value = this.size;
    this.go("done");
    this.finished(this.serverId.value ?? "");
  }

  private fail(tus: TusUpload, error: unknown): void {
    if (this.tus !== tus) return;
    this.tus = null;
    this.speed.value = null;
    this.measured.reset();
    if (statusOf(error) === 401 && this.attempt < ATTEMPTS) return void this.authenticate();
    if (isPassing(error) && this.attempt < ATTEMPTS) return this.wait();
    if (statusOf(error) === 404 || statusOf(error) === 410) this.forgetUrl();
    const { code, detail, errors } = problemIn(error);
    const more = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
    this.failure.value = { code, detail: [detail, more].filter(Boolean).join(" ") };
    this.go("failed");
  }

  /** The upload is not at the server any more: the next try begins anew. */
  private forgetUrl(): void {
    this.kept.url = null;
    this.serverId.value = null;
    void change(this.kept.id, { url: null });
  }

  private wait(): void {
    this.go("reconnecting");
    this.timer = setTimeout(() => this.connect(), pauseMs(this.attempt, Math.random()));
    this.attempt += 1;
  }

  private async authenticate(): Promise<void> {
    await replace(this.token).catch(() => undefined);
    this.wait();
  }
}

function idIn(url: string | null): string | null {
  return url?.split("/").pop() ?? null;
}

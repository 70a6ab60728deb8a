/**
 * Keeps the states of running conversions up to date while the page is visible: the first ones by event streams,
 * the others by looking at the list. Out of view it looks at the list only, and only to send notifications. Browsers open six connections to a host, which uploads need as well.
 */
import { call } from "../session/api";
import { eventsOf } from "./event_stream";
import type { Conversion } from "./model";
import { notifies } from "./notifications";
import type { Conversions } from "./store";

const STREAMS = 2;
const LOOK_MS = 3_000;
const IDLE_LOOK_MS = 30_000;
const HIDDEN_LOOK_MS = 5_000;
const PAUSE_MS = 2_000;

export class Watcher {
  private readonly streams = new Map<string, AbortController>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly conversions: Conversions) {}

  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    addEventListener("online", this.onVisibility);
    this.plan(0);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisibility);
    removeEventListener("online", this.onVisibility);
    this.closeAll();
  }

  /** Opens streams for what is running; call it when that may have changed. */
  update(): void {
    if (this.stopped) return;
    if (document.hidden) return this.planHidden();
    const running = this.conversions.active;
    const wanted = running.filter(({ status }) => status === "converting").concat(running.filter(({ status }) => status !== "converting"));
    for (const { id } of wanted) {
      if (this.streams.size >= STREAMS) break;
      if (!this.streams.has(id)) void this.watch(id);
    }
  }

  private readonly onVisibility = (): void => {
    if (!document.hidden) return this.plan(0);
    this.closeAll();
    this.planHidden();
  };

  /** Out of view it looks only where a notification is waited for. */
  private planHidden(): void {
    clearTimeout(this.timer);
    if (notifies.value && this.conversions.active.length > 0) this.plan(HIDDEN_LOOK_MS);
  }

  private plan(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), afterMs);
  }

  private async look(): Promise<void> {
    if (this.stopped) return;
    const { everything } = this.conversions;
    await everything.renew().catch((error: unknown) => {
      if (!everything.loaded.value) everything.failure.value = error;
    });
    this.update();
    if (!document.hidden) this.plan(this.conversions.active.length > this.streams.size ? LOOK_MS : IDLE_LOOK_MS);
  }

  private async watch(id: string): Promise<void> {
    const controller = new AbortController();
    this.streams.set(id, controller);
    try {
      const answer = await call(`v1/conversions/${id}/events`, { signal: controller.signal });
      if (answer.body) {
        for await (const { data } of eventsOf(answer.body)) this.conversions.put(JSON.parse(data) as Conversion);
      }
    } catch {
      // The list is looked at again below, which also finds out whether the conversion is still there.
    }
    if (controller.signal.aborted || this.stopped) return;
    this.streams.delete(id);
    this.plan(PAUSE_MS);
  }

  private closeAll(): void {
    for (const controller of this.streams.values()) controller.abort();
    this.streams.clear();
  }
}

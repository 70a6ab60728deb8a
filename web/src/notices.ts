/** Short messages at the foot of the page, which assistive technology reads out. */
import { signal } from "@preact/signals";

export interface Notice {
  text: string;
  kind: "done" | "problem";
}

const SHOWN_MS = 7_000;
export const notice = signal<Notice | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function notify(text: string, kind: Notice["kind"] = "done"): void {
  clearTimeout(timer);
  notice.value = { text, kind };
  timer = setTimeout(dismiss, SHOWN_MS);
}

export function dismiss(): void {
  notice.value = null;
}

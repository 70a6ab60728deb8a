export type Status = "uploading" | "queued" | "converting" | "completed" | "failed" | "cancelled" | "expired" | "fetching";

export interface Conversion {
  id: string;
  status: Status;
  progress: number;
  title?: string | null;
  source: { filename: string | null; size: number | null; duration: number | null };
  options: { format: string; bitrate?: string; quality?: number };
  result: { size: number; duration: number; format: string; bitrate: number | null } | null;
  error: { code: string; message: string } | null;
  created_at: string;
  finished_at: string | null;
  expires_at: string | null;
}

export interface Page {
  items: Conversion[];
  next_cursor: string | null;
}

export const ACTIVE: ReadonlySet<Status> = new Set(["queued", "converting", "fetching"]);

export const isActive = (conversion: Conversion): boolean => ACTIVE.has(conversion.status);

/** Whether its video is stored, so that it can be converted with other options. */
export const hasVideo = ({ status }: Conversion): boolean => status === "completed" || status === "failed";

export const STATUSES: readonly Status[] = ["queued", "converting", "completed", "failed", "cancelled", "expired"];

/** What is searched for: a text in the name, a state, or both. */
export interface Filter {
  text: string;
  status: Status | "";
}

export const EVERYTHING: Filter = { text: "", status: "" };

export const isEverything = ({ text, status }: Filter): boolean => text === "" && status === "";

export function fits(conversion: Conversion, { text, status }: Filter): boolean {
  if (status !== "" && conversion.status !== status) return false;
  const names = [conversion.title, conversion.source.filename];
  return names.some((name) => name?.toLowerCase().includes(text.toLowerCase()));
}

/** True when `next` is newer: an event of a stream may come after the response of a later call. Only a retry, which
 * begins with the queue, leads out of a final state. */
export function supersedes(next: Conversion, held: Conversion): boolean {
  if (!isActive(held)) return next.status !== "converting" || held.status === "uploading";
  if (held.status === "converting" && next.status === "queued") return false;
  return held.status !== next.status || next.progress >= held.progress;
}

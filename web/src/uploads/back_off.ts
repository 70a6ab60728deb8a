/** When and how long an upload waits before it is tried again. */
import { DetailedError } from "tus-js-client";

export const ATTEMPTS = 400;
const LONGEST_MS = 30_000;

export function pauseMs(attempt: number, random: number): number {
  return Math.min(LONGEST_MS, 500 * 2 ** Math.min(attempt, 10)) * (0.75 + random / 2);
}

/** True for what may be different next time: no response, a server that is away or busy, a lock that is held. */
export function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === null || status === 423 || status === 429 || status === 408 || status >= 500;
}

/** The status of the refusal; null when no response came. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof DetailedError)) return null;
  return error.originalResponse?.getStatus() || null;
}

/** The problem's code and sentence, if the response has them. */
export function problemIn(error: unknown): { code: string; detail: string; errors: { field: string; message: string }[] } {
  const text = error instanceof DetailedError ? (error.originalResponse?.getBody() ?? "") : "";
  try {
    const { code = "", detail = "", errors = [] } = JSON.parse(text);
    return { code, detail, errors };
  } catch {
    return { code: "", detail: "", errors: [] };
  }
}

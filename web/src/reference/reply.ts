/** Sends a prepared request and reads what comes back, as it is. */
import { isText, type Prepared } from "./request";

export interface Reply {
  /** `200 OK`, or what kept a response from coming. */
  status: string;
  kind: "good" | "bad";
  headers: [string, string][];
  /** Null for bytes that are no text, or too many to be shown. */
  text: string | null;
  body: Blob | null;
  took: number;
  code: number;
}

const LONGEST_TEXT = 300_000;
const STREAM = "text/event-stream";

/** `onText` gets the text of an event stream as it grows. Throws only when `signal` aborts before a response. */
export async function send(request: Prepared, signal: AbortSignal, onText: (reply: Reply) => void): Promise<Reply> {
  const begun = performance.now();
  const { method, path, headers, body } = request;
  let answer: Response;
  try {
    // Without cookies and without the cache, as a client outside a browser.
    answer = await fetch(path, { method, headers, body, signal, credentials: "omit", cache: "no-store", redirect: "manual" });
  } catch (error) {
    signal.throwIfAborted();
    return failed(`No response: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (answer.type === "opaqueredirect") return failed("A redirect, which a browser does not show to scripts: use curl.");
  const reply: Reply = {
    status: `${answer.status} ${answer.statusText}`.trim(),
    code: answer.status,
    kind: answer.ok ? "good" : "bad",
    headers: [...answer.headers],
    text: null,
    body: null,
    took: performance.now() - begun,
  };
  const type = (answer.headers.get("Content-Type") ?? "").split(";")[0]?.trim() ?? "";
  if (type === STREAM) return stream(answer, reply, onText);
  const read = await answer.blob().catch(() => null);
  if (read === null) return { ...reply, kind: "bad", status: `${reply.status}, but the body was cut off` };
  const text = isText(type) && read.size <= LONGEST_TEXT ? pretty(await read.text(), type) : null;
  return { ...reply, text, body: read, took: performance.now() - begun };
}

/** Reads until the stream ends, is stopped or is too long to be shown. */
async function stream(answer: Response, reply: Reply, onText: (reply: Reply) => void): Promise<Reply> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  onText({ ...reply, text });
  try {
    while (reader && text.length <= LONGEST_TEXT) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      onText({ ...reply, text });
    }
    void reader?.cancel().catch(() => undefined);
  } catch {
    // Stopped, or the connection is lost: what came is shown.
  }
  return { ...reply, text };
}

function failed(status: string): Reply {
  return { status, code: 0, kind: "bad", headers: [], text: null, body: null, took: 0 };
}

export function pretty(text: string, type: string): string {
  if (!type.endsWith("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

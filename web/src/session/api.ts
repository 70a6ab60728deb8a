/** Calls of the API with the session's access token. */
import { problemOf, Unreachable } from "./problem";
import { accessToken, replace } from "./session";

const TIMEOUT_MS = 30_000;

export interface Call {
  method?: string;
  body?: object;
  headers?: Record<string, string>;
  /** Ends the call; without one it ends after TIMEOUT_MS. */
  signal?: AbortSignal;
  /** Needs no session. */
  open?: boolean;
}

/** The response. Throws Problem and Unreachable. `path` is relative to the page, which may be below a path. */
export async function call(path: string, options: Call = {}): Promise<Response> {
  if (options.open) return refused(await send(path, options, null));
  const token = await accessToken();
  const answer = await send(path, options, token);
  if (answer.status !== 401) return refused(answer);
  await replace(token);
  return refused(await send(path, options, await accessToken()));
}

export async function json<T>(path: string, options: Call = {}): Promise<T> {
  return (await (await call(path, options)).json()) as T;
}

async function refused(answer: Response): Promise<Response> {
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function send(path: string, options: Call, token: string | null): Promise<Response> {
  const { method = options.body ? "POST" : "GET", body, headers } = options;
  try {
    return await fetch(path, {
      method,
      headers: {
        ...headers,
        ...(body && { "Content-Type": "application/json" }),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: body ? JSON.stringify(body) : null,
      credentials: "omit",
      cache: "no-store",
      signal: options.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable(String(error));
  }
}

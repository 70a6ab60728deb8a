/**
 * The session of this browser. The refresh token is in an HttpOnly cookie, the access token only in this variable.
 *
 * A refresh token is good once, so tabs take turns: one refreshes under a lock and tells the others its access token.
 */
import { signal } from "@preact/signals";
import { exclusively } from "./locks";
import { begun, pendingElsewhere, settled } from "./turn";
import { problemOf, Unreachable } from "./problem";

export interface Access {
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

type Message = { kind: "access"; access: Access } | { kind: "signed-in"; access: Access } | { kind: "signed-out" };
export type SessionState = "starting" | "signed-out" | "signed-in" | "unreachable";

const LOCK = "tonegate-session";
// Says that there may be a session; holds nothing about it.
const HINT = "tonegate.signed-in";
const EARLY_MS = 30_000;
const TIMEOUT_MS = 20_000;

export const state = signal<SessionState>("starting");
/** Grows with each sign-in, so that views of another account are thrown away. */
export const epoch = signal(0);

let access: Access | null = null;
let refreshing: Promise<void> | null = null;
const channel = new BroadcastChannel("tonegate-session");

channel.onmessage = ({ data }: MessageEvent<Message>) => {
  if (data.kind === "signed-out") return forget();
  access = data.access;
  if (data.kind === "signed-in" || state.value === "signed-out") epoch.value += 1;
  state.value = "signed-in";
};

export function isFresh(held: Access | null, now: number, early = EARLY_MS): held is Access {
  return held !== null && held.expiresAt - now > early;
}

/** Finds out whether this browser is signed in. */
export async function start(): Promise<void> {
  if (localStorage.getItem(HINT) === null) {
    state.value = "signed-out";
    return;
  }
  await refresh().catch(() => undefined);
}

/** A valid access token. Throws Unreachable, and a Problem when the session has ended. */
export async function accessToken(): Promise<string> {
  if (!isFresh(access, Date.now())) await refresh();
  if (access === null) throw new Unreachable();
  return access.token;
}

/** Gets another access token after `refused` was refused. */
export async function replace(refused: string): Promise<void> {
  if (access?.token === refused) access = null;
  await refresh();
}

export async function refresh(): Promise<void> {
  refreshing ??= exclusively(LOCK, refreshAlone).finally(() => {
    refreshing = null;
  });
  await refreshing;
}

async function refreshAlone(): Promise<void> {
  await pendingElsewhere();
  if (isFresh(access, Date.now())) return; // another tab has done it meanwhile
  begun();
  let answer: Response;
  try {
    answer = await post("refresh");
  } catch (error) {
    if (state.value === "starting") state.value = "unreachable";
    throw error;
  } finally {
    settled();
  }
  if (answer.ok) return adopt(await answer.json(), "access");
  const problem = await problemOf(answer);
  if (problem.status === 401) {
    channel.postMessage({ kind: "signed-out" } satisfies Message);
    forget();
  } else if (state.value === "starting") {
    state.value = "unreachable";
  }
  throw problem;
}

/** `path` is `login`, `login/factor` or `login/provider`. Throws Problem and Unreachable. */
export async function signIn(path: string, body: object): Promise<void> {
  await exclusively(LOCK, async () => {
    const answer = await post(path, body);
    if (!answer.ok) throw await problemOf(answer);
    adopt(await answer.json(), "signed-in");
    epoch.value += 1;
  });
}

/** Ends the session here and in the other tabs, even if the server cannot be reached any more. */
export async function signOut(): Promise<void> {
  try {
    const token = await accessToken();
    await exclusively(LOCK, () => post("logout", undefined, token));
  } finally {
    channel.postMessage({ kind: "signed-out" } satisfies Message);
    forget();
  }
}

/** The session has ended on the server. */
export function ended(): void {
  channel.postMessage({ kind: "signed-out" } satisfies Message);
  forget();
}

function adopt(body: { access_token: string; expires_in: number }, kind: "access" | "signed-in"): void {
  access = { token: body.access_token, expiresAt: Date.now() + body.expires_in * 1000 };
  localStorage.setItem(HINT, "1");
  channel.postMessage({ kind, access } satisfies Message);
  state.value = "signed-in";
}

function forget(): void {
  access = null;
  localStorage.removeItem(HINT);
  state.value = "signed-out";
}

/** Goes on when the page is left: otherwise the cookie of a spent token would stay. */
async function post(path: string, body?: object, token?: string): Promise<Response> {
  const headers = {
    ...(body && { "Content-Type": "application/json" }),
    ...(token && { Authorization: `Bearer ${token}` }),
  };
  try {
    return await fetch(`v1/auth/browser/${path}`, {
      method: "POST",
      headers,
      body: body ? JSON.stringify(body) : null,
      keepalive: true,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

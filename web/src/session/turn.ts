/**
 * A page that is reloaded in the middle of a refresh must not present the spent token that is still in the cookie:
 * that would end the session. The request goes on without its page, and the new page waits for its response, which it
 * sees by a cookie with a random value.
 */
const KEY = "tonegate.refreshing";
const LONGEST_MS = 10_000;
const LOOK_MS = 25;

interface Pending {
  turn: string;
  at: number;
}

export function begun(): void {
  localStorage.setItem(KEY, JSON.stringify({ turn: turnIn(document.cookie), at: Date.now() } satisfies Pending));
}

export function settled(): void {
  localStorage.removeItem(KEY);
}

/** Returns at once unless a page was left in the middle of a refresh. */
export async function pendingElsewhere(): Promise<void> {
  while (isPending(localStorage.getItem(KEY), document.cookie, Date.now())) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

export function isPending(kept: string | null, cookies: string, now: number): boolean {
  if (kept === null) return false;
  try {
    const { turn, at } = JSON.parse(kept) as Partial<Pending>;
    if (typeof at !== "number") return false;
    return turn === turnIn(cookies) && now >= at && now - at < LONGEST_MS;
  } catch {
    return false;
  }
}

function turnIn(cookies: string): string {
  return /(?:^|;\s*)(?:__Host-)?tonegate-turn=([^;]*)/.exec(cookies)?.[1] ?? "";
}

/** The same action on several conversions: a request for a hundred of them, waiting where the server asks to. */
import { json } from "../session/api";
import { Problem } from "../session/problem";
import type { Conversion } from "./model";
import type { Conversions } from "./store";

export type BulkAction = "delete" | "retry" | "cancel";

export interface Outcome {
  done: number;
  failures: unknown[];
}

interface Result {
  id: string;
  status: number;
  conversion: Conversion | null;
  error: { code: string; detail: string; retry_after: number | null } | null;
}

/** Of the ids that a request may have, in an archive too. */
export const MOST_IDS = 100;
const LONGEST_WAIT_S = 60;

/** Never throws. `acted` is called with each that is done. A limit that holds for longer ends it: the rest has failed. */
export async function onSeveral(conversions: Conversions, ids: readonly string[], action: BulkAction, acted: (id: string) => void): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failures: [] };
  const settled = new Set<string>();
  const settle = (result: Result): void => {
    settled.add(result.id);
    if (result.error !== null && !(action === "delete" && result.status === 404)) {
      outcome.failures.push(new Problem(result.status, result.error, result.error.retry_after));
      return;
    }
    if (action === "delete") conversions.drop(result.id);
    else if (result.conversion) conversions.put(result.conversion, true);
    outcome.done += 1;
    acted(result.id);
  };
  for (const batch of batches(ids)) {
    try {
      await inTurn(batch, action, settle);
    } catch (error) {
      outcome.failures.push(...batch.filter((id) => !settled.has(id)).map(() => error));
    }
  }
  return outcome;
}

/** Sends those that the limit did not allow once more, when it does: others may use it up for ever. */
async function inTurn(ids: readonly string[], action: BulkAction, settle: (result: Result) => void): Promise<void> {
  const results = await requested(ids, action);
  const limited = results.filter(({ error }) => error?.code === "rate_limited");
  const waitS = limited[0]?.error?.retry_after ?? Infinity;
  const goesOn = waitS <= LONGEST_WAIT_S;
  results.filter((result) => !goesOn || !limited.includes(result)).forEach(settle);
  if (!goesOn) return;
  await new Promise((done) => setTimeout(done, waitS * 1000));
  (await requested(limited.map(({ id }) => id), action)).forEach(settle);
}

export function batches(ids: readonly string[]): readonly string[][] {
  return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, number) => ids.slice(number * MOST_IDS, (number + 1) * MOST_IDS));
}

/** The outcomes; a limit that holds for the request as a whole holds for each. Throws for other problems. */
async function requested(ids: readonly string[], action: BulkAction): Promise<Result[]> {
  try {
    return (await json<{ items: Result[] }>("v1/conversions/bulk", { body: { ids, action } })).items;
  } catch (error) {
    if (!(error instanceof Problem && error.code === "rate_limited")) throw error;
    const { status, code, message: detail, retryAfterS: retry_after } = error;
    return ids.map((id) => ({ id, status, conversion: null, error: { code, detail, retry_after } }));
  }
}

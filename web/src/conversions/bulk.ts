/** The same action on several conversions: a few at a time, waiting where the server asks to. */
import { Problem } from "../session/problem";

export interface Outcome {
  done: number;
  failures: unknown[];
}

const AT_ONCE = 4;
const LONGEST_WAIT_S = 60;

/** Never throws. `progress` is called after each. A limit that holds for longer ends it: the rest has failed. */
export async function onEach(ids: readonly string[], act: (id: string) => Promise<void>, progress: (count: number) => void, atOnce = AT_ONCE): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failures: [] };
  const waiting = [...ids];
  let refusal: unknown = null;
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        if (refusal !== null) throw refusal;
        await patiently(() => act(id));
        outcome.done += 1;
      } catch (error) {
        if (isLimit(error)) refusal = error;
        outcome.failures.push(error);
      }
      progress(outcome.done + outcome.failures.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return outcome;
}

async function patiently(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isLimit(error) || error.retryAfterS === null || error.retryAfterS > LONGEST_WAIT_S) throw error;
    const wait = error.retryAfterS * 1000;
    await new Promise((done) => setTimeout(done, wait));
    await act();
  }
}

function isLimit(error: unknown): error is Problem {
  return error instanceof Problem && error.code === "rate_limited";
}

/** What went wrong, as a sentence in the language of the page. */
import { Problem, Unreachable } from "./session/problem";
import type { Texts } from "./texts/en";

export function explain(error: unknown, texts: Texts): string {
  if (error instanceof Unreachable) return texts.problems.unreachable;
  if (!(error instanceof Problem)) return texts.problems.unknown;
  switch (error.code) {
    case "rate_limited":
      return texts.problems.rate_limited(error.retryAfterS ?? 60);
    case "overloaded":
    case "unavailable":
      return texts.problems.unavailable;
    case "not_found":
      return texts.problems.not_found;
    case "gone":
      return texts.problems.gone;
    default:
      return [error.message, ...fieldMessages(error)].join(" ");
  }
}

function fieldMessages(problem: Problem): string[] {
  const errors = problem.body["errors"];
  if (!Array.isArray(errors)) return [];
  return errors.map((each: { field?: string; message?: string }) => `${each.field ?? ""}: ${each.message ?? ""}.`);
}

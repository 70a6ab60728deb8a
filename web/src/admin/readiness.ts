/** The state of each part that the gateway depends on, by name: `ok`, or what is wrong. */
import { json } from "../session/api";
import { Problem } from "../session/problem";
import type { Readiness } from "./model";

export async function readiness(): Promise<Record<string, string>> {
  try {
    return (await json<Readiness>("readyz", { open: true })).checks;
  } catch (error) {
    // 503 lists the parts as well.
    if (error instanceof Problem && typeof error.body["checks"] === "object") return error.body["checks"] as Record<string, string>;
    throw error;
  }
}

/** Fresh proofs: a call that answers `proof_required` is made again once the session has been proved. */
import { signal } from "@preact/signals";
import { call, json } from "../session/api";
import { Problem } from "../session/problem";
import type { FactorList } from "./model";

export interface Question {
  hasCode: boolean;
  hasPasskey: boolean;
  answered: (isProven: boolean) => void;
}

/** The proof that is asked for now; null most of the time. */
export const question = signal<Question | null>(null);

/** The proof was asked for and not given: nothing is to be said about it. */
export class Declined extends Error {}

export async function proven<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Problem && error.code === "proof_required")) throw error;
  }
  await ask();
  return act();
}

async function ask(): Promise<void> {
  const { items } = await json<FactorList>("v1/auth/factors");
  const kinds = items.filter(({ confirmed }) => confirmed).map(({ kind }) => kind);
  const isProven = await new Promise<boolean>((answered) => {
    question.value = { hasCode: kinds.length > 0, hasPasskey: kinds.includes("passkey"), answered };
  });
  question.value = null;
  if (!isProven) throw new Declined();
}

export async function prove(body: { password: string } | { code: string } | { credential: unknown }): Promise<void> {
  await call("v1/auth/proof", { body });
}

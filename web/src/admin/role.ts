/** Whether the account that is signed in is an administrator's. The server checks it with each call. */
import { effect, signal } from "@preact/signals";
import type { Account } from "../account/model";
import { json } from "../session/api";
import { epoch, state } from "../session/session";

export const isAdmin = signal(false);

/** Looks with each sign-in. */
export function startRole(): void {
  effect(() => {
    epoch.value;
    isAdmin.value = false;
    if (state.value !== "signed-in") return;
    json<Account>("v1/auth/me").then(
      ({ roles }) => {
        isAdmin.value = roles.includes("admin");
      },
      () => undefined,
    );
  });
}

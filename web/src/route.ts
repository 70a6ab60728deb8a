/** Which view is open, by the fragment of the address: the server knows `/` alone. */
import { signal } from "@preact/signals";

export const ROUTES = ["", "account", "admin"] as const;
export type Route = (typeof ROUTES)[number];

export const route = signal<Route>(routeOf(location.hash));
addEventListener("hashchange", () => {
  route.value = routeOf(location.hash);
  document.getElementById("content")?.focus();
});

export function routeOf(hash: string): Route {
  return ROUTES.find((each) => each === hash.replace(/^#\/?/, "")) ?? "";
}

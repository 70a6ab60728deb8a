/** Light or dark, as the system or as chosen. */
import { signal } from "@preact/signals";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "tonegate.theme";
export const theme = signal<Theme>("auto");

export function startTheme(): void {
  const kept = localStorage.getItem(KEY);
  chooseTheme(THEMES.find((each) => each === kept) ?? "auto");
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(KEY, chosen);
  if (chosen === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

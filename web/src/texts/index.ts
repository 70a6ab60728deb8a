/** The texts of the page in the chosen language. English is part of the page, other languages are loaded. */
import { signal } from "@preact/signals";
import { en, type Texts } from "./en";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "tonegate.language";
const LOADERS: Record<Exclude<Language, "en">, () => Promise<Texts>> = {
  de: async () => (await import("./de")).de,
};

export const language = signal<Language>("en");
export const texts = signal<Texts>(en);

export function isLanguage(tag: string | null | undefined): tag is Language {
  return typeof tag === "string" && tag in LANGUAGES;
}

/** The chosen language, or the first of the browser's that the page has. */
export function preferred(chosen: string | null, browser: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  return browser.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";
}

export async function startLanguage(): Promise<void> {
  await use(preferred(localStorage.getItem(KEY), navigator.languages)).catch(() => undefined);
}

export async function chooseLanguage(chosen: Language): Promise<void> {
  localStorage.setItem(KEY, chosen);
  await use(chosen);
}

async function use(chosen: Language): Promise<void> {
  const loaded = chosen === "en" ? en : await LOADERS[chosen]();
  language.value = chosen;
  texts.value = loaded;
  document.documentElement.lang = chosen;
}

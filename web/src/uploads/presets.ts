/** Presets of the account: options with a name, which the server keeps. */
import { signal } from "@preact/signals";
import { call, json } from "../session/api";
import { BIT_RATES, choose, fieldsOf, type Format, FORMATS, hasRemembered, LOUDNESSES, type Options, options } from "./options";

export interface Preset {
  name: string;
  /** Also those that the form of the page does not have. */
  options: Partial<Record<string, string | number>>;
  default: boolean;
}

/** Null until they are loaded. */
export const presets = signal<readonly Preset[] | null>(null);

/** Loads them; the default one is chosen where this browser remembers no options. */
export async function loadPresets(): Promise<void> {
  const { items } = await json<{ items: Preset[] }>("v1/presets");
  presets.value = items;
  const usual = items.find((each) => each.default);
  if (usual && !hasRemembered()) choose(valuesOf(usual));
  else if (!items.some(({ name }) => name === options.value.preset)) choose({ preset: "" });
}

/** What the form shows of a preset; the server knows the rest by its name. */
export function valuesOf({ name, options: kept }: Preset): Partial<Options> {
  const text = (field: string): string => String(kept[field] ?? "");
  const among = (field: string, offered: readonly string[]): string => (offered.includes(text(field)) ? text(field) : "");
  return {
    preset: name,
    format: (among("format", FORMATS) || "mp3") as Format,
    bitrate: among("bitrate", BIT_RATES),
    channels: text("channels"),
    loudness: among("loudness", LOUDNESSES),
    cover: text("cover"),
  };
}

/** Takes the place of one with the same name. Times are of one video, and not saved. */
export async function savePreset(name: string, chosen: Options, isDefault: boolean): Promise<void> {
  const { preset: _, ...fields } = fieldsOf({ ...chosen, start: "", end: "" });
  const numbers = Object.fromEntries(["channels", "loudness"].flatMap((field) => (fields[field] ? [[field, Number(fields[field])]] : [])));
  const body = { name, options: { ...fields, ...numbers }, default: isDefault };
  const held = presets.value?.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (held) await json(`v1/presets/${held.name}`, { method: "PATCH", body });
  else await json("v1/presets", { body });
  await loadPresets();
}

export async function removePreset(name: string): Promise<void> {
  await call(`v1/presets/${name}`, { method: "DELETE" });
  await loadPresets();
}

/** Options of conversions, as the form has them; remembered in this browser. */
import { signal } from "@preact/signals";

export const FORMATS = ["mp3", "m4a", "opus", "flac", "wav"] as const;
export type Format = (typeof FORMATS)[number];
export const BIT_RATES = ["64k", "96k", "128k", "160k", "192k", "256k", "320k"] as const;
export const LOUDNESSES = ["-14", "-16", "-23"] as const;
export const LOSSLESS: ReadonlySet<Format> = new Set(["flac", "wav"]);

export interface Options {
  format: Format;
  /** Empty: the default of the server. */
  bitrate: string;
  channels: string;
  loudness: string;
  cover: string;
  /** What is sent: empty for the sound alone, where that gives the same result. */
  video: string;
  start: string;
  end: string;
  /** The preset that the options are those of; empty once one is changed. */
  preset: string;
}

const KEY = "tonegate.options";
export const DEFAULTS: Options = { format: "mp3", bitrate: "", channels: "", loudness: "", cover: "", video: "", start: "", end: "", preset: "" };
// Those of one video are not remembered for the next visit.
const REMEMBERED = ["format", "bitrate", "channels", "loudness", "cover", "video", "preset"] as const;

const ALLOWED: Record<Exclude<(typeof REMEMBERED)[number], "preset">, readonly string[]> = {
  format: FORMATS,
  bitrate: ["", ...BIT_RATES],
  channels: ["", "1", "2"],
  loudness: ["", ...LOUDNESSES],
  cover: ["", "auto", "none"],
  video: ["", "whole"],
};

export const options = signal<Options>(parsed(localStorage.getItem(KEY)));

export function choose(change: Partial<Options>): void {
  options.value = { ...options.value, ...change };
  const kept = Object.fromEntries(REMEMBERED.map((name) => [name, options.value[name]]));
  localStorage.setItem(KEY, JSON.stringify(kept));
}

/** Whether options were chosen in this browser before. */
export function hasRemembered(): boolean {
  return localStorage.getItem(KEY) !== null;
}

/** What was remembered, as far as it is valid. */
export function parsed(text: string | null): Options {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "{}");
  } catch {
    return DEFAULTS;
  }
  const kept = typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  const valid = REMEMBERED.filter((name) => (name === "preset" ? typeof kept[name] === "string" : (ALLOWED[name] as readonly unknown[]).includes(kept[name])));
  return { ...DEFAULTS, ...Object.fromEntries(valid.map((name) => [name, kept[name]])) };
}

/** As fields of an upload: only what was chosen and the format permits, and the preset, or that none is to be used. */
export function fieldsOf(chosen: Options): Record<string, string> {
  const { format, bitrate, channels, loudness, cover } = chosen;
  const fields = {
    format,
    bitrate: LOSSLESS.has(format) ? "" : bitrate,
    channels,
    loudness,
    cover: format === "wav" ? "" : cover,
    start: secondsOf(chosen.start),
    end: secondsOf(chosen.end),
  };
  return { ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "")), preset: chosen.preset };
}

export function isSoundOnly(chosen: Options): boolean {
  return chosen.video === "";
}

/** `1:02:03`, `62:03` and `3723` are the same; empty for anything else. */
export function secondsOf(text: string): string {
  const match = /^\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)\s*$/.exec(text);
  if (!match) return "";
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return String(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds.replace(",", ".")));
}

import { beforeEach, expect, test, vi } from "vitest";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
const sent: [path: string, options: unknown][] = [];
let items: unknown[] = [];
vi.mock("../src/session/api", () => ({
  json: async (path: string, options?: unknown) => {
    sent.push([path, options]);
    return { items };
  },
  call: async (path: string, options?: unknown) => void sent.push([path, options]),
}));
const { choose, DEFAULTS, fieldsOf, options } = await import("../src/uploads/options");
const { loadPresets, presets, removePreset, savePreset, valuesOf } = await import("../src/uploads/presets");

const VOICE = { name: "voice", options: { format: "opus", bitrate: "64k", channels: 1, loudness: -16 }, default: true } as const;

beforeEach(() => {
  kept.clear();
  sent.length = 0;
  items = [];
  options.value = DEFAULTS;
  presets.value = null;
});

test("a preset fills the form, and its name stands for what the form does not have", () => {
  const chosen = { ...DEFAULTS, ...valuesOf(VOICE) };
  expect(fieldsOf(chosen)).toEqual({ format: "opus", bitrate: "64k", channels: "1", loudness: "-16", preset: "voice" });
  const rare = { name: "rare", options: { quality: 2, loudness: -18, bitrate: "70k" }, default: false };
  expect(fieldsOf({ ...DEFAULTS, ...valuesOf(rare) })).toEqual({ format: "mp3", preset: "rare" });
});

test("the default one is chosen where nothing is remembered, and never afterwards", async () => {
  items = [VOICE];
  await loadPresets();
  expect(options.value.preset).toBe("voice");
  choose({ ...DEFAULTS });
  await loadPresets();
  expect(options.value).toEqual(DEFAULTS);
});

test("a preset that is gone is not named any more", async () => {
  choose({ ...valuesOf(VOICE) });
  await loadPresets();
  expect([options.value.preset, options.value.format]).toEqual(["", "opus"]);
});

test("options are saved with their types and without the times of one video", async () => {
  await savePreset("mine", { ...DEFAULTS, channels: "1", loudness: "-16", start: "1:30", preset: "other" }, true);
  expect(sent[0]).toEqual(["v1/presets", { body: { name: "mine", options: { format: "mp3", channels: 1, loudness: -16 }, default: true } }]);
});

test("one with the same name is replaced, and a deleted one leaves the list", async () => {
  presets.value = [VOICE];
  await savePreset("Voice", DEFAULTS, false);
  expect(sent[0]).toEqual(["v1/presets/voice", { method: "PATCH", body: { name: "Voice", options: { format: "mp3" }, default: false } }]);
  await removePreset("voice");
  expect(sent.at(-2)).toEqual(["v1/presets/voice", { method: "DELETE" }]);
  expect(presets.value).toEqual([]);
});

import { beforeEach, expect, test, vi } from "vitest";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
const { choose, DEFAULTS, fieldsOf, isSoundOnly, parsed, secondsOf } = await import("../src/uploads/options");

beforeEach(() => kept.clear());

test("only what was chosen and the format permits is sent", () => {
  expect(fieldsOf(DEFAULTS)).toEqual({ format: "mp3", preset: "" });
  expect(fieldsOf({ ...DEFAULTS, format: "flac", bitrate: "320k" })).toEqual({ format: "flac", preset: "" });
  expect(fieldsOf({ ...DEFAULTS, format: "wav", cover: "auto" })).toEqual({ format: "wav", preset: "" });
  expect(fieldsOf({ ...DEFAULTS, start: "1:30", end: "later" })).toEqual({ format: "mp3", start: "90", preset: "" });
});

test("times are read as people write them", () => {
  const read = ["90", "1:30", "01:01:01", "1,5", " 2.5 "].map(secondsOf);
  expect(read).toEqual(["90", "90", "3661", "1.5", "2.5"]);
  expect(["", "x", "1:", "-1", "1:2:3:4"].map(secondsOf)).toEqual(["", "", "", "", ""]);
});

test("that the whole video is to be sent is remembered, and concerns the page alone", () => {
  expect(isSoundOnly(DEFAULTS)).toBe(true);
  choose({ video: "whole" });
  expect(isSoundOnly(parsed(kept.get("tonegate.options") ?? null))).toBe(false);
  expect(fieldsOf({ ...DEFAULTS, video: "whole" })).toEqual({ format: "mp3", preset: "" });
  choose({ video: "" });
});

test("what is remembered is checked, and times are of one video only", () => {
  choose({ format: "opus", start: "10" });
  expect(parsed(kept.get("tonegate.options") ?? null)).toEqual({ ...DEFAULTS, format: "opus" });
  for (const text of [null, "{", "[]", "null", '{"format":"exe","bitrate":5}']) expect(parsed(text)).toEqual(DEFAULTS);
});

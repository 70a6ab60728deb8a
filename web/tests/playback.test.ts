import { expect, test, vi } from "vitest";

const answers: Record<string, unknown> = {};
vi.mock("../src/session/api", () => ({
  json: (path: string): Promise<unknown> => {
    const answer = answers[path];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  },
}));
const { chapterAt, chaptersOf, columns, outline, timeAfter, waveformOf } = await import("../src/conversions/playback");
const { Problem } = await import("../src/session/problem");

const waveform = (...data: number[]) => ({ sample_rate: 8000, samples_per_pixel: 800, data });
const CHAPTERS = [{ start: 1, end: 5, title: "One" }, { start: 5, end: 9, title: "Two" }];

test("a column has the lowest and the highest of all its pixels", () => {
  expect(columns(waveform(-1, 1, -9, 2, -3, 8, 0, 0), 2)).toEqual([[-9, 2], [-3, 8]]);
  expect(columns(waveform(-1, 1, -9, 2, -3, 8), 2)).toEqual([[-1, 1], [-9, 8]]);
  expect(columns(waveform(-1, 1), 500)).toEqual([[-1, 1]]);
});

test("the outline goes along the highest and back along the lowest, and silence is a line", () => {
  expect(outline([[-127, 127], [0, 0]])).toBe("M0.5 0L1.5 126L1.5 128L0.5 254Z");
});

test("a chapter lasts until the next one begins", () => {
  expect([0, 1, 4.9, 5, 20].map((seconds) => chapterAt(CHAPTERS, seconds))).toEqual([-1, 0, 0, 1, 1]);
});

test("the keys of a slider move the time within its bounds", () => {
  expect(timeAfter("ArrowRight", 10, 100)).toBe(15);
  expect(timeAfter("ArrowDown", 3, 100)).toBe(0);
  expect(timeAfter("PageUp", 95, 100)).toBe(100);
  expect([timeAfter("Home", 50, 100), timeAfter("End", 50, 100), timeAfter("Enter", 50, 100)]).toEqual([0, 100, null]);
});

test("audio without a waveform is no error, others are", async () => {
  answers["v1/conversions/old/waveform"] = new Problem(404, {});
  answers["v1/conversions/away/waveform"] = new Problem(503, {});
  answers["v1/conversions/new/chapters"] = { items: CHAPTERS };
  expect(await waveformOf("old")).toBeNull();
  await expect(waveformOf("away")).rejects.toThrow();
  expect(await chaptersOf("new")).toEqual(CHAPTERS);
});

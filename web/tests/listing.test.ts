import { beforeEach, expect, test, vi } from "vitest";
import type { Conversion, Page, Status } from "../src/conversions/model";

const asked: string[] = [];
let answers: (Page | Error)[] = [];

vi.mock("../src/session/api", () => ({
  json: (path: string): Promise<Page> => {
    asked.push(path);
    const next = answers.shift();
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next!);
  },
}));
const { Selection } = await import("../src/conversions/selection");
const { Conversions } = await import("../src/conversions/store");

function conversion(number: number, status: Status = "completed", title: string | null = null): Conversion {
  return {
    id: `c${number}`, status, progress: 0, title, source: { filename: `${number}.mp4`, size: 1, duration: 1 },
    options: { format: "mp3" }, result: null, error: null, created_at: `2026-01-0${number}`, finished_at: null, expires_at: null,
  };
}

const page = (next_cursor: string | null, ...items: Conversion[]): Page => ({ items, next_cursor });

beforeEach(() => {
  asked.length = 0;
  answers = [];
});

test("pages follow one another, newest first, and a failed one is asked for again", async () => {
  const conversions = new Conversions();
  const list = conversions.everything;
  answers = [page("n", conversion(5), conversion(4)), new Error("away"), page(null, conversion(3))];
  await list.more();
  await list.more();
  expect(list.failure.value).toBeInstanceOf(Error);
  await list.more();
  expect(list.failure.value).toBeNull();
  expect(list.ids.value).toEqual(["c5", "c4", "c3"]);
  expect(list.isComplete.value).toBe(true);
  await list.more();
  expect(asked).toEqual(["v1/conversions?limit=30", "v1/conversions?limit=100&cursor=n", "v1/conversions?limit=100&cursor=n"]);
});

test("a search is a list of its own, which new conversions join where they fit", async () => {
  const conversions = new Conversions();
  answers = [page(null, conversion(2)), page(null, conversion(1, "failed", "Talk"))];
  await conversions.everything.more();
  conversions.search({ text: "talk & more", status: "failed" });
  await vi.waitFor(() => expect(conversions.shown.value.loaded.value).toBe(true));
  expect(asked[1]).toBe("v1/conversions?limit=30&q=talk+%26+more&status=failed");
  conversions.put(conversion(3, "failed", "A TALK & MORE"));
  conversions.put(conversion(4, "completed", "Talk & more"));
  expect(conversions.shown.value.ids.value).toEqual(["c3", "c1"]);
  conversions.search({ text: "", status: "" });
  expect(conversions.shown.value.ids.value).toEqual(["c4", "c3", "c2"]);
  conversions.drop("c3");
  expect(conversions.shown.value.ids.value).toEqual(["c4", "c2"]);
});

test("a range is chosen from the last row to this one, in either direction", () => {
  const selection = new Selection();
  const order = ["a", "b", "c", "d", "e"];
  selection.choose("d", true, false, order);
  selection.choose("b", true, true, order);
  expect([...selection.ids.value].sort()).toEqual(["b", "c", "d"]);
  selection.choose("c", false, false, order);
  expect(selection.count.value).toBe(2);
  selection.choose("e", true, true, order);
  expect([...selection.ids.value].sort()).toEqual(["b", "c", "d", "e"]);
});

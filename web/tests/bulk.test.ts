import { beforeEach, expect, test, vi } from "vitest";

interface Sent {
  ids: string[];
  action: string;
}
const sent: Sent[] = [];
let answer: (body: Sent) => unknown = () => [];
vi.mock("../src/session/api", () => ({
  json: async (_: string, { body }: { body: Sent }) => {
    sent.push(body);
    return { items: await answer(body) };
  },
}));
const { batches, onSeveral } = await import("../src/conversions/bulk");
const { Conversions } = await import("../src/conversions/store");
const { Problem } = await import("../src/session/problem");

const done = (id: string) => ({ id, status: 204, conversion: null, error: null });
const refused = (id: string, status: number, code: string, retry_after: number | null = null) =>
  ({ id, status, conversion: null, error: { code, detail: "No.", retry_after } });
const act = async (ids: string[], action: "delete" | "retry" = "delete") => {
  const acted: string[] = [];
  const outcome = await onSeveral(new Conversions(), ids, action, (id) => acted.push(id));
  return { ...outcome, acted };
};

beforeEach(() => {
  sent.length = 0;
});

test("a hundred are sent in a request, and those that failed are counted with their reason", async () => {
  answer = ({ ids }) => ids.map((id) => (id === "7" ? refused(id, 409, "conflict") : done(id)));
  const { done: count, failures, acted } = await act(Array.from({ length: 150 }, (_, number) => String(number)));
  expect(sent.map(({ ids }) => ids.length)).toEqual([100, 50]);
  expect([count, acted.length, failures.length]).toEqual([149, 149, 1]);
  expect((failures[0] as InstanceType<typeof Problem>).code).toBe("conflict");
});

test("one that is gone already counts as deleted, and as nothing else", async () => {
  answer = ({ ids }) => ids.map((id) => refused(id, 404, "not_found"));
  expect((await act(["a"])).done).toBe(1);
  expect((await act(["a"], "retry")).failures).toHaveLength(1);
});

test("what a limit did not allow is sent once more when it does", async () => {
  vi.useFakeTimers();
  answer = ({ ids }) => ids.map((id, number) => (ids.length > 1 && number > 0 ? refused(id, 429, "rate_limited", 5) : done(id)));
  const acting = act(["a", "b"]);
  await vi.advanceTimersByTimeAsync(5000);
  expect((await acting).acted).toEqual(["a", "b"]);
  expect(sent.map(({ ids }) => ids)).toEqual([["a", "b"], ["b"]]);
  vi.useRealTimers();
});

test("a limit that holds for long, and a request that fails as a whole, are failures of each", async () => {
  answer = () => Promise.reject(new Problem(429, { code: "rate_limited" }, 3600));
  expect((await act(["a", "b"])).failures).toHaveLength(2);
  answer = () => Promise.reject(new Error("away"));
  const { done: count, failures } = await act(["a", "b"]);
  expect([count, failures.map(String)]).toEqual([0, ["Error: away", "Error: away"]]);
});

test("there are no empty batches", () => {
  expect(batches([])).toEqual([]);
  expect(batches(["a"])).toEqual([["a"]]);
});

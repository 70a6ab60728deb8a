import { expect, test } from "vitest";
import { isPending } from "../src/session/turn";

const kept = JSON.stringify({ turn: "a1", at: 1000 });

test("a refresh is pending until its cookie has come or its time is up", () => {
  expect(isPending(kept, "x=1; tonegate-turn=a1", 1500)).toBe(true);
  expect(isPending(kept, "__Host-tonegate-turn=a1", 1500)).toBe(true);
  expect(isPending(kept, "tonegate-turn=b2", 1500)).toBe(false);
  expect(isPending(kept, "tonegate-turn=a1", 11_000)).toBe(false);
});

test("what cannot be read, or is of the future, holds nothing up", () => {
  for (const text of [null, "{", "null", '{"turn":"a1","at":"soon"}']) expect(isPending(text, "tonegate-turn=a1", 1500)).toBe(false);
  expect(isPending(kept, "tonegate-turn=a1", 500)).toBe(false);
});

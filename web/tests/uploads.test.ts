import { expect, test } from "vitest";
import { pauseMs } from "../src/uploads/back_off";
import { Speed } from "../src/uploads/speed";

test("pauses grow and stay bounded", () => {
  const pauses = [0, 1, 2, 5, 10, 399].map((attempt) => pauseMs(attempt, 0.5));
  expect(pauses).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000]);
  expect(pauseMs(10_000, 1)).toBeLessThanOrEqual(37_500);
});

test("the speed is that of the last seconds, and unknown at first", () => {
  const speed = new Speed();
  speed.add(0, 0);
  speed.add(50, 100);
  expect(speed.value).toBeNull();
  for (let second = 1; second <= 20; second += 1) speed.add(1000 * second, 1000 * second);
  expect(speed.value).toBe(1000);
  for (let second = 21; second <= 40; second += 1) speed.add(20_000, 1000 * second);
  expect(speed.value).toBe(0);
});

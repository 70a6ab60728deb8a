import { expect, test } from "vitest";
import { deviceOf } from "../src/account/model";
import { localLink } from "../src/conversions/link";
import { type Conversion, type Status, supersedes } from "../src/conversions/model";

function conversion(status: Status, progress = 0): Conversion {
  return {
    id: "c1", status, progress, source: { filename: "a.mp4", size: 1, duration: 1 }, options: { format: "mp3" },
    result: null, error: null, created_at: "", finished_at: null, expires_at: null,
  };
}

test("progress never goes back, and an old event does not undo a newer state", () => {
  expect(supersedes(conversion("converting", 0.4), conversion("converting", 0.5))).toBe(false);
  expect(supersedes(conversion("converting", 0.6), conversion("converting", 0.5))).toBe(true);
  expect(supersedes(conversion("queued"), conversion("converting", 0.5))).toBe(false);
  expect(supersedes(conversion("completed", 1), conversion("converting", 0.5))).toBe(true);
  expect(supersedes(conversion("converting", 0.5), conversion("completed", 1))).toBe(false);
  expect(supersedes(conversion("queued"), conversion("failed"))).toBe(true);
});

test("devices are named by browser and system", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";
  expect(deviceOf(windows)).toBe("Chrome, Windows");
  expect(deviceOf(`${windows} Edg/156.0`)).toBe("Edge, Windows");
  expect(deviceOf("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/604.1")).toBe("Safari, iPhone");
  expect(deviceOf("curl/8.0")).toBe("curl/8.0");
  expect(deviceOf(null)).toBe("–");
});

test("a link of the server is followed at the host that the page is open at", () => {
  expect(localLink("https://a.example/media/v1/conversions/1/audio?expires=1")).toBe("v1/conversions/1/audio?expires=1");
  expect(localLink("http://127.0.0.1:8000/v1/conversions/1/audio")).toBe("v1/conversions/1/audio");
});

import { beforeEach, expect, test, vi } from "vitest";

const kept = new Map<string, string>();
let room = 1_000;
let fails = "";

vi.stubGlobal("caches", {
  open: async () => ({
    keys: async () => [...kept.keys()].map((url) => ({ url })),
    put: async (url: string, response: Response) => {
      const content = await response.text();
      if (content === fails) throw new Error("no room");
      kept.set(url, content);
    },
    delete: async (request: string | { url: string }) => kept.delete(typeof request === "string" ? request : request.url),
  }),
});
vi.stubGlobal("navigator", {
  locks: { request: async (_: string, act: () => Promise<void>) => act() },
  storage: { estimate: async () => ({ quota: room, usage: 0 }) },
});
vi.stubGlobal("Response", class extends Response {
  static override redirect(url: string): Response {
    return new Response(null, { status: 303, headers: { Location: url } });
  }
});
const { isShared, keepShared } = await import("../src/worker/shared");

beforeEach(() => {
  kept.clear();
  room = 1_000;
  fails = "";
});

/** Shares files with these contents; returns where the browser is led. */
async function share(...contents: string[]): Promise<string | null> {
  const form = new FormData();
  contents.forEach((content, place) => form.append("videos", new File([content], `${place}.mp4`)));
  const request = new Request("http://here/share", { method: "POST", body: form });
  return (await keepShared(request)).headers.get("Location");
}

const contents = (): string[] => [...kept.values()];

test("a share takes the place of the earlier one", async () => {
  expect(await share("a", "b")).toBe("./");
  expect(await share("c")).toBe("./");
  expect(contents()).toEqual(["c"]);
  expect(new URL([...kept.keys()][0]!, "http://here").searchParams.get("name")).toBe("0.mp4");
});

test("a share that cannot be kept leaves nothing of itself, and the earlier one", async () => {
  await share("a");
  fails = "c";
  expect(await share("b", "c")).toBe("./#share-failed");
  expect(contents()).toEqual(["a"]);
});

test("a form without files changes nothing", async () => {
  await share("a");
  expect(await share()).toBe("./");
  expect(contents()).toEqual(["a"]);
});

test("another site cannot fill the browser", async () => {
  await share("a");
  expect(await share(...Array.from({ length: 21 }, () => "b"))).toBe("./#share-failed");
  room = 100;
  expect(await share("x".repeat(51))).toBe("./#share-failed");
  expect(contents()).toEqual(["a"]);
});

test.each([
  ["POST", "navigate", "http://here/below/share", true],
  ["GET", "navigate", "http://here/below/share", false],
  ["POST", "cors", "http://here/below/share", false],
  ["POST", "navigate", "http://here/share", false],
])("%s in mode %s to %s is a share: %s", (method, mode, url, expected) => {
  expect(isShared({ method, mode, url } as Request, "http://here/below/")).toBe(expected);
});

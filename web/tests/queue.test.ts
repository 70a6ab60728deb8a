import { afterEach, expect, test, vi } from "vitest";

const started: { name: string; options: { onSuccess: () => void } }[] = [];

vi.mock("tus-js-client", () => ({
  DetailedError: class extends Error {},
  Upload: class {
    url: string | null = null;
    constructor(
      private readonly file: File,
      private readonly options: { onSuccess: () => void; onUploadUrlAvailable: () => void },
    ) {}
    start(): void {
      started.push({ name: this.file.name, options: this.options });
      this.url = `http://here/v1/uploads/${this.file.name}`;
      this.options.onUploadUrlAvailable();
    }
    abort(): Promise<void> {
      return Promise.resolve();
    }
  },
}));
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
vi.stubGlobal("document", { baseURI: "http://here/" });
vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
// Without a store uploads work too, they only do not outlive the page.
vi.stubGlobal("indexedDB", { open: () => { throw new Error("no store"); } });
const { Uploads } = await import("../src/uploads/queue");

const files = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"].map((name) => new File(["x"], name));
const names = (): string[] => started.map(({ name }) => name);

afterEach(() => started.splice(0));

test("several files are sent once each, two at a time, in their order", async () => {
  const done: string[] = [];
  const uploads = new Uploads((id) => done.push(id));
  await uploads.start("me");
  await uploads.add(files, {});
  expect(names()).toEqual(["a.mp4", "b.mp4"]);
  started[1]!.options.onSuccess();
  await vi.waitFor(() => expect(names()).toEqual(["a.mp4", "b.mp4", "c.mp4"]));
  started[0]!.options.onSuccess();
  await vi.waitFor(() => expect(names()).toEqual(["a.mp4", "b.mp4", "c.mp4", "d.mp4"]));
  for (const { options } of started.slice(2)) options.onSuccess();
  await vi.waitFor(() => expect(uploads.items.value).toEqual([]));
  expect(done.sort()).toEqual(["a.mp4", "b.mp4", "c.mp4", "d.mp4"]);
});

test("a paused upload makes room for the next, and waits for its turn when it goes on", async () => {
  const uploads = new Uploads(() => undefined);
  await uploads.start("me");
  await uploads.add(files.slice(0, 3), {});
  uploads.items.value[0]!.pause();
  expect(names()).toEqual(["a.mp4", "b.mp4", "c.mp4"]);
  uploads.items.value[0]!.resume();
  expect(uploads.items.value[0]!.state.value).toBe("waiting");
});

test("files that are chosen before the account is known are sent once it is", async () => {
  const uploads = new Uploads(() => undefined);
  const added = uploads.add(files.slice(0, 1), {});
  await new Promise((later) => setTimeout(later));
  expect(names()).toEqual([]);
  await uploads.start("me");
  await added;
  expect(names()).toEqual(["a.mp4"]);
});

import { beforeEach, expect, test, vi } from "vitest";
import type { KeptUpload } from "../src/uploads/kept_uploads";
import type { Outcome } from "../src/uploads/sound_only/outcome";

const started: { file: File; url: string | null; name: string }[] = [];
let outcome: () => Promise<Outcome> = () => Promise.reject(new Error("no outcome"));

vi.mock("../src/uploads/sound_only", () => ({ soundOf: () => outcome() }));
vi.mock("tus-js-client", () => ({
  DetailedError: class extends Error {},
  Upload: class {
    url: string | null = null;
    constructor(
      private readonly file: File,
      private readonly options: { uploadUrl: string | null; metadata: { filename: string } },
    ) {}
    start(): void {
      started.push({ file: this.file, url: this.options.uploadUrl, name: this.options.metadata.filename });
    }
    abort(): Promise<void> {
      return Promise.resolve();
    }
  },
}));
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
vi.stubGlobal("document", { baseURI: "http://here/" });
vi.stubGlobal("addEventListener", () => undefined);
// Without a store uploads work too, they only do not outlive the page.
vi.stubGlobal("indexedDB", { open: () => { throw new Error("no store"); } });
const { Upload } = await import("../src/uploads/upload");
const { withSound } = await import("../src/uploads/preparation");

const VIDEO = new File(["pictures and sound"], "a.mp4", { type: "video/mp4" });
const SOUND: Outcome = { sound: new Blob(["sound"]) };

function upload(changes: Partial<KeptUpload> = {}): InstanceType<typeof Upload> {
  const kept = { id: "1", account: "me", name: VIDEO.name, size: VIDEO.size, modified: 0, fields: {}, url: null, paused: false, file: VIDEO, isVideo: true };
  return new Upload({ ...kept, ...changes }, () => undefined, () => undefined);
}

beforeEach(() => {
  started.splice(0);
  outcome = () => Promise.resolve(SOUND);
});

test("the sound is sent under the name of the video", async () => {
  const one = upload();
  one.begin();
  expect([one.state.value, one.isBusy]).toEqual(["preparing", true]);
  await vi.waitFor(() => expect(started.length).toBe(1));
  expect([await started[0]!.file.text(), started[0]!.name, one.size, one.kept.video?.size]).toEqual(["sound", "a.mp4", 5, VIDEO.size]);
});

test("on any trouble the video is sent, and it is said why", async () => {
  const reasons: [Partial<KeptUpload>, () => Promise<Outcome>, string | undefined][] = [
    [{}, () => Promise.reject(new Error("out of memory")), "trouble"],
    [{}, () => Promise.resolve({ whole: "protected" }), "protected"],
    [{ fields: { cover: "auto" } }, () => Promise.resolve(SOUND), "frame"],
    [{ file: new File(["x"], "a.mp3", { type: "audio/mpeg" }) }, () => Promise.resolve(SOUND), undefined],
    [{}, () => Promise.resolve({ whole: "kind" }), "kind"],
    [{ file: new File(["x"], "a.opus") }, () => Promise.resolve({ whole: "kind" }), undefined],
    [{ isVideo: false }, () => Promise.resolve(SOUND), undefined],
  ];
  for (const [changes, answer, reason] of reasons) {
    outcome = answer;
    const one = upload(changes);
    one.begin();
    await vi.waitFor(() => expect(started.length).toBe(1));
    expect([started.pop()!.file, one.kept.whole, one.kept.video]).toEqual([one.kept.file, reason, undefined]);
  }
});

test("an upload that is paused before it has its sound sends nothing, and prepares anew when it goes on", async () => {
  let answer: (given: Outcome) => void = () => undefined;
  outcome = () => new Promise((resolve) => { answer = resolve; });
  const one = upload();
  one.begin();
  await vi.waitFor(() => expect(answer.length).toBe(1));
  one.pause();
  answer(SOUND);
  await Promise.resolve();
  expect([one.state.value, started.length]).toEqual(["paused", 0]);
  outcome = () => Promise.resolve(SOUND);
  one.resume();
  one.begin();
  await vi.waitFor(() => expect(started.length).toBe(1));
});

test("a video that is chosen again goes on where its sound was, if that has the same bytes", async () => {
  const lost = { file: null, size: 5, isVideo: false, url: "http://here/v1/uploads/7", video: { size: VIDEO.size, version: 1 } };
  const one = upload(lost);
  expect(one.accept(new File(["another"], "a.mp4"))).toBe(false);
  expect(one.accept(VIDEO)).toBe(true);
  one.begin();
  await vi.waitFor(() => expect(started.length).toBe(1));
  expect([started[0]!.url, await started[0]!.file.text()]).toEqual([lost.url, "sound"]);
});

test("it is sent anew if it could have other bytes", async () => {
  const { signal } = new AbortController();
  const kept = { ...upload().kept, size: 5, url: "http://here/v1/uploads/7", video: { size: VIDEO.size, version: 1 } };
  expect((await withSound({ ...kept, video: { size: VIDEO.size, version: 0 } }, signal)).url).toBeNull();
  expect((await withSound({ ...kept, size: 6 }, signal)).url).toBeNull();
  outcome = () => Promise.resolve({ whole: "trouble" });
  expect(await withSound(kept, signal)).toMatchObject({ url: null, size: VIDEO.size, whole: "trouble", video: undefined });
});

import { expect, test } from "vitest";
import { box, tableBox } from "../src/uploads/sound_only/boxes";
import { soundOf } from "../src/uploads/sound_only";
import { SampleTables } from "../src/uploads/sound_only/sample_tables";
import { Source } from "../src/uploads/sound_only/source";

type Bytes = Uint8Array<ArrayBuffer>;
const text = (letters: string): Bytes => new TextEncoder().encode(letters);
const joined = (...parts: Bytes[]): Bytes => box("    ", ...parts).subarray(8);
const bytesOf = async (blob: Blob): Promise<Bytes> => new Uint8Array(await blob.arrayBuffer());

interface TrackParts {
  handler: string;
  codec: string;
  sizes: number[];
  at: number;
  edits?: Bytes;
}

/** A track whose samples follow each other from `at` on, in one chunk, 10 units each. */
function track({ handler, codec, sizes, at, edits }: TrackParts): Bytes {
  const tables = [
    box("stsd", new Uint8Array(8), box(codec)),
    tableBox("stts", [1, sizes.length, 10]),
    tableBox("stsc", [1, 1, sizes.length, 1]),
    tableBox("stsz", [0, sizes.length, ...sizes]),
    tableBox("stco", [1, at]),
  ];
  const data = box("dinf", box("dref", new Uint8Array(8), box("url ", new Uint8Array([0, 0, 0, 1]))));
  const media = box("mdia", box("hdlr", new Uint8Array(8), text(handler), new Uint8Array(13)), box("minf", data, box("stbl", ...tables)));
  return box("trak", ...(edits ? [box("edts", edits)] : []), media);
}

const PICTURES = Array.from({ length: 40 }, () => 1000);
const KIND = box("ftyp", text("isom"), new Uint8Array(4));

/** A video of 40 pictures, and three packets of sound behind them. */
function video(changes: Partial<TrackParts> = {}, more: Bytes[] = [], pictures: Partial<TrackParts> = {}): Bytes {
  const begin = KIND.length + 8;
  const sound = begin + 40_000;
  const content = new Uint8Array(40_000 + 9);
  content.set([1, 1, 1, 2, 2, 2, 3, 3, 3], 40_000);
  const movie = box("moov", track({ handler: "vide", codec: "avc1", sizes: PICTURES, at: begin, ...pictures }),
    track({ handler: "soun", codec: "mp4a", sizes: [3, 3, 3], at: sound, ...changes }), box("udta", text("a title")), ...more);
  return joined(KIND, box("mdat", content), movie);
}

const reasonOf = async (bytes: Bytes): Promise<string> => {
  const outcome = await soundOf(new Blob([bytes]));
  return "whole" in outcome ? outcome.whole : "";
};

test("the sound's packets stay, with 17 pictures and all that is said about the file", async () => {
  const outcome = await soundOf(new Blob([video()]));
  if ("whole" in outcome) throw new Error(outcome.whole);
  const made = await bytesOf(outcome.sound);
  expect(made.length).toBeLessThan(18_500);
  expect([...made.slice(-9)]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  expect(new TextDecoder().decode(made)).toContain("a title");
});

test("the same file gives the same bytes", async () => {
  const [first, again] = await Promise.all([soundOf(new Blob([video()])), soundOf(new Blob([video()]))]);
  if ("whole" in first || "whole" in again) throw new Error("sent whole");
  expect(await bytesOf(first.sound)).toEqual(await bytesOf(again.sound));
});

test("what is not proven to give the same is sent whole, with the reason", async () => {
  const edits = (...numbers: number[]): Partial<TrackParts> => ({ edits: tableBox("elst", [numbers.length / 3, ...numbers]) });
  const found = {
    codec: await reasonOf(video({ codec: "sowt" })),
    mute: await reasonOf(video({ handler: "text" })),
    protected: await reasonOf(video({ codec: "enca" })),
    fragmented: await reasonOf(video({}, [box("mvex")])),
    little: await reasonOf(video({}, [], { handler: "data" })),
    unusual: await reasonOf(video({}, [], edits(100, 10, 0x10000, 100, 300, 0x10000))),
    damaged: await reasonOf(video().subarray(0, -1)),
    kind: await reasonOf(text("this is no video")),
  };
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((reason) => [reason, reason])));
  expect(await reasonOf(video({}, [], edits(100, 390, 0x10000)))).toBe("unusual");
  expect(await reasonOf(video({}, [], edits(100, -1, 0x10000, 100, 10, 0x10000)))).toBe("");
  expect(await reasonOf(video({ at: 1_000_000 }))).toBe("damaged");
  expect(await reasonOf(joined(video(), box("meta")))).toBe("unusual");
});

test("the last picture that is kept is the one that is shown last", () => {
  const table = joined(
    tableBox("stts", [1, 20, 10]), tableBox("stsc", [1, 1, 20, 1]), tableBox("stsz", [5, 20]), tableBox("stco", [1, 100]),
    tableBox("ctts", [4, 17, 10, 1, 40, 1, 0, 1, 0]),
  );
  const tables = new SampleTables(table);
  expect(tables.lastShown(20)).toBe(17);
  expect(tables.chunksOf([0, 17])).toEqual([{ at: 100, size: 5, first: 0, count: 1 }, { at: 185, size: 5, first: 1, count: 1 }]);
  const again = new SampleTables(joined(...[...tables.reduced([0, 17], [7, 12]).values()].filter((each) => each !== null)));
  expect([again.timeOf(1), again.timeOf(2)]).toEqual([170, 200]);
  expect(again.chunks.map(({ at }) => at)).toEqual([7, 12]);
});

test("a file that cannot be read any more is trouble, and aborted work is no outcome", async () => {
  const broken = new Blob([video()]);
  broken.slice = () => { throw new Error("gone"); };
  expect(await soundOf(broken)).toEqual({ whole: "trouble" });
  await expect(soundOf(new Blob([video()]), AbortSignal.abort())).rejects.toThrow();
});

test("a file is read in windows, in any order", async () => {
  const content = Uint8Array.from({ length: 9_000_000 }, (_, place) => place % 251);
  const source = new Source(new Blob([content]));
  for (const at of [0, 4_194_300, 8_999_990, 17, 5_000_000]) {
    expect([...(await source.view(at, 10))]).toEqual([...content.subarray(at, at + 10)]);
  }
  await expect(source.view(8_999_995, 10)).rejects.toThrow("damaged");
});

/** An EBML element with a size of one byte. */
const element = (id: number[], ...parts: Bytes[]): Bytes => {
  const content = joined(...parts);
  return new Uint8Array([...id, 0x40 | (content.length >> 8), content.length & 0xff, ...content]);
};
const CLUSTER = [0x1f, 0x43, 0xb6, 0x75];
const block = (number: number, time: number, ...bytes: number[]): Bytes =>
  element([0xa3], new Uint8Array([0x80 | number, time >> 8, time & 0xff, 0x80, ...bytes]));

function matroska(more: Bytes[] = [], entry: Bytes = new Uint8Array(), codec = "A_OPUS"): Bytes {
  const one = (id: number, value: number): Bytes => element([id], new Uint8Array([value]));
  const tracks = element([0x16, 0x54, 0xae, 0x6b],
    element([0xae], one(0xd7, 1), one(0x83, 1)), element([0xae], one(0xd7, 2), one(0x83, 2), element([0x86], text(codec)), entry));
  const cluster = (time: number): Bytes => element(CLUSTER, one(0xe7, time),
    ...Array.from({ length: 10 }, (_, place) => block(1, place, ...new Array<number>(100).fill(9))), block(2, 5, time, time));
  const content = joined(tracks, cluster(10), cluster(20), cluster(30), cluster(40), ...more);
  const head = element([0x1a, 0x45, 0xdf, 0xa3]);
  return joined(head, new Uint8Array([0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255]), content);
}

test("Matroska keeps the blocks of sound, the first pictures and the last one", async () => {
  const outcome = await soundOf(new Blob([matroska()]));
  if ("whole" in outcome) throw new Error(outcome.whole);
  const made = await bytesOf(outcome.sound);
  const found = (wanted: Bytes): number => new TextDecoder("latin1").decode(made).split(new TextDecoder("latin1").decode(wanted)).length - 1;
  for (const time of [10, 20, 30, 40]) expect(found(block(2, 5, time, time))).toBe(1);
  expect(found(new Uint8Array(new Array<number>(100).fill(9)))).toBe(17);
});

test("Matroska files that are not proven are sent whole", async () => {
  const tags = element([0x12, 0x54, 0xc3, 0x67]);
  const locked = element([0x6d, 0x80], element([0x62, 0x40], element([0x50, 0x35])));
  expect(await reasonOf(matroska([tags]))).toBe("unusual");
  expect(await reasonOf(matroska([], locked))).toBe("protected");
  expect(await reasonOf(matroska([], undefined, "A_DTS"))).toBe("codec");
  expect(await reasonOf(matroska().subarray(0, -3))).toBe("damaged");
});

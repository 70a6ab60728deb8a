/** Where the samples of an MP4 track are, and its tables for some of them alone (ISO/IEC 14496-12, 8.6 and 8.7). */
import { contentAt, tableBox, viewOf } from "./boxes";
import { Unfit } from "./outcome";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Chunk {
  at: number;
  size: number;
  /** The number of its first sample, and how many it has. */
  first: number;
  count: number;
}

/** `count` samples in a row that have `value`. */
export interface Run {
  count: number;
  value: number;
}

/** As many samples may be shown in another order than that in which they are stored (H.264, max_dec_frame_buffering). */
export const REORDERED = 16;
// ffmpeg reads larger ones as negative numbers.
const LONGEST_DELTA = 0x7fffffff;

export class SampleTables {
  readonly chunks: readonly Chunk[];
  readonly durations: readonly Run[];
  private readonly offsets: readonly Run[];
  private readonly sizes: Uint8Array | null;
  private readonly oneSize: number;
  private readonly count: number;
  private readonly descriptions: readonly number[];

  constructor(private readonly table: Uint8Array) {
    const sizes = this.content("stsz");
    const view = viewOf(sizes);
    this.oneSize = view.getUint32(4);
    this.count = view.getUint32(8);
    this.sizes = this.oneSize ? null : sizes.subarray(12);
    if (this.sizes && this.sizes.length < 4 * this.count) throw new Unfit("damaged");
    this.durations = runs(this.content("stts"));
    this.offsets = this.has("ctts") ? runs(this.content("ctts")) : [];
    [this.chunks, this.descriptions] = this.placed();
  }

  /** Units of the track's time before a sample. */
  timeOf(sample: number): number {
    let [time, left] = [0, sample];
    for (const { count, value } of this.durations) {
      time += Math.min(left, count) * value;
      left -= Math.min(left, count);
    }
    return time;
  }

  /** The sample that is shown last, which need not be the one that is stored last. */
  lastShown(samples: number): number {
    const latest = Math.max(0, samples - REORDERED);
    const shown = (sample: number): number => this.timeOf(sample) + this.offsetOf(sample);
    let last = latest;
    for (let each = latest; each < samples; each += 1) if (shown(each) >= shown(last)) last = each;
    return last;
  }

  sizeOf(sample: number, count: number): number {
    if (!this.sizes) return this.oneSize * count;
    const view = viewOf(this.sizes);
    let sum = 0;
    for (let each = sample; each < sample + count; each += 1) sum += view.getUint32(4 * each);
    return sum;
  }

  /** The tables of all samples, with their chunks at other places. */
  moved(places: readonly number[]): Map<string, Bytes | null> {
    return new Map([[this.has("stco") ? "stco" : "co64", tableBox("stco", [places.length, ...places])]]);
  }

  /** Each of these samples as a chunk of its own. */
  chunksOf(samples: readonly number[]): Chunk[] {
    return samples.map((sample, first) => {
      const chunk = this.chunkOf(sample);
      const at = chunk.at + this.sizeOf(chunk.first, sample - chunk.first);
      return { at, size: this.sizeOf(sample, 1), first, count: 1 };
    });
  }

  /** The tables of these samples as chunks at `places`; each is shown until the next of them. */
  reduced(samples: readonly number[], places: readonly number[]): Map<string, Bytes | null> {
    const tables = new Map<string, Bytes | null>(LEFT_OUT.map((name) => [name, null]));
    const groups = samples.map((sample, place) => [place + 1, 1, this.descriptions[this.chunks.indexOf(this.chunkOf(sample))]!]);
    tables.set("stts", this.reducedTimes(samples));
    tables.set("stsz", tableBox("stsz", [0, samples.length, ...samples.map((sample) => this.sizeOf(sample, 1))]));
    tables.set("stsc", tableBox("stsc", [samples.length, ...groups.flat()]));
    for (const [name, made] of this.moved(places)) tables.set(name, made);
    if (this.has("ctts")) tables.set("ctts", this.reducedOffsets(samples));
    if (this.has("stss")) {
      const keyframes = new Set(numbers(this.content("stss"), 1));
      const kept = samples.flatMap((sample, place) => (keyframes.has(sample + 1) ? [place + 1] : []));
      tables.set("stss", tableBox("stss", [kept.length, ...kept]));
    }
    return tables;
  }

  private reducedTimes(samples: readonly number[]): Bytes {
    const times = [...samples.map((sample) => this.timeOf(sample)), this.timeOf(Infinity)];
    const deltas = samples.map((_, place) => times[place + 1]! - times[place]!);
    if (deltas.some((delta) => delta > LONGEST_DELTA)) throw new Unfit("unusual");
    return tableBox("stts", [deltas.length, ...deltas.flatMap((delta) => [1, delta])]);
  }

  private reducedOffsets(samples: readonly number[]): Bytes {
    const made = tableBox("ctts", [samples.length, ...samples.flatMap((sample) => [1, this.offsetOf(sample) >>> 0])]);
    // The version, and flags.
    made.set(this.content("ctts").subarray(0, 4), 8);
    return made;
  }

  /** The time from when a sample is decoded to when it is shown. Negative also in files of version 0, as libavformat reads them. */
  private offsetOf(sample: number): number {
    let left = sample;
    for (const { count, value } of this.offsets) {
      if (left < count) return value | 0;
      left -= count;
    }
    return 0;
  }

  private chunkOf(sample: number): Chunk {
    const found = this.chunks.find(({ first, count }) => sample >= first && sample < first + count);
    if (!found) throw new Unfit("damaged");
    return found;
  }

  private placed(): [Chunk[], number[]] {
    const places = this.chunkPlaces();
    const groups = numbers(this.content("stsc"), 3);
    const [chunks, descriptions]: [Chunk[], number[]] = [[], []];
    let [group, first] = [0, 0];
    places.forEach((at, place) => {
      while (group + 3 < groups.length && groups[group + 3]! <= place + 1) group += 3;
      const count = groups[group + 1] ?? 0;
      if (first + count > this.count) throw new Unfit("damaged");
      chunks.push({ at, size: this.sizeOf(first, count), first, count });
      descriptions.push(groups[group + 2] ?? 1);
      first += count;
    });
    return [chunks, descriptions];
  }

  private chunkPlaces(): number[] {
    if (this.has("stco")) return numbers(this.content("stco"), 1);
    const content = this.content("co64");
    const view = viewOf(content);
    const count = view.getUint32(4);
    if (content.length < 8 + 8 * count) throw new Unfit("damaged");
    return Array.from({ length: count }, (_, place) => Number(view.getBigUint64(8 + 8 * place)));
  }

  private has(name: string): boolean {
    return contentAt(this.table, [name]) !== null;
  }

  private content(name: string): Uint8Array {
    const found = contentAt(this.table, [name]);
    if (!found || found.length < 8) throw new Unfit("unusual");
    return found;
  }
}

// Of pictures; they say nothing about times.
const LEFT_OUT = ["sdtp", "sbgp", "sgpd", "stps", "stsh", "stdp", "padb", "subs"];

/** The 32-bit numbers of a table with so many in each entry. */
function numbers(content: Uint8Array, each: number): number[] {
  const view = viewOf(content);
  const count = view.getUint32(4) * each;
  if (content.length < 8 + 4 * count) throw new Unfit("damaged");
  return Array.from({ length: count }, (_, place) => view.getUint32(8 + 4 * place));
}

function runs(content: Uint8Array): Run[] {
  const all = numbers(content, 2);
  return Array.from({ length: all.length / 2 }, (_, place) => ({ count: all[2 * place]!, value: all[2 * place + 1]! }));
}

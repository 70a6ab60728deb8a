/** Where the samples of an MP4 track are, and its tables for the first samples alone (ISO/IEC 14496-12, 8.6 and 8.7). */
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

// ffmpeg reads larger ones as negative numbers.
const LONGEST_DELTA = 0x7fffffff;

export class SampleTables {
  readonly chunks: readonly Chunk[];
  readonly durations: readonly Run[];
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

  sizeOf(sample: number, count: number): number {
    if (!this.sizes) return this.oneSize * count;
    const view = viewOf(this.sizes);
    let sum = 0;
    for (let each = sample; each < sample + count; each += 1) sum += view.getUint32(4 * each);
    return sum;
  }

  /** The tables of all samples, with their chunks at other places. */
  moved(places: readonly number[]): Map<string, Bytes | null> {
    return new Map([[this.has("stco") ? "stco" : "co64", tableBox("stco", places.length, ...places)]]);
  }

  /** The first samples, of which the last is shown for as long as all that are left out. */
  firstChunks(samples: number): Chunk[] {
    return this.chunks
      .filter((chunk) => chunk.first < samples)
      .map((chunk) => {
        const count = Math.min(chunk.count, samples - chunk.first);
        return { ...chunk, count, size: this.sizeOf(chunk.first, count) };
      });
  }

  /** The tables of the first samples, whose chunks are at `places`. */
  shortened(samples: number, places: readonly number[]): Map<string, Bytes | null> {
    const chunks = this.firstChunks(samples);
    const entries = chunks.flatMap((chunk, place) => [place + 1, chunk.count, this.descriptions[place]!]);
    const sizes = Array.from({ length: samples }, (_, sample) => this.sizeOf(sample, 1));
    const tables = new Map<string, Bytes | null>(LEFT_OUT.map((name) => [name, null]));
    tables.set("stts", this.shortDurations(samples));
    tables.set("stsz", tableBox("stsz", 0, samples, ...sizes));
    tables.set("stsc", tableBox("stsc", chunks.length, ...entries));
    for (const [name, made] of this.moved(places)) tables.set(name, made);
    if (this.has("ctts")) tables.set("ctts", this.shortOffsets(samples));
    if (this.has("stss")) tables.set("stss", this.shortKeyframes(samples));
    return tables;
  }

  private shortDurations(samples: number): Bytes {
    const total = this.durations.reduce((sum, { count, value }) => sum + count * value, 0);
    const last = total - this.timeOf(samples - 1);
    if (last > LONGEST_DELTA) throw new Unfit("unusual");
    const kept = [...firstOf(this.durations, samples - 1), { count: 1, value: last }];
    return tableBox("stts", kept.length, ...kept.flatMap(({ count, value }) => [count, value]));
  }

  private shortOffsets(samples: number): Bytes {
    const content = this.content("ctts");
    const kept = firstOf(runs(content), samples);
    const made = tableBox("ctts", kept.length, ...kept.flatMap(({ count, value }) => [count, value]));
    made.set(content.subarray(0, 4), 8);
    return made;
  }

  private shortKeyframes(samples: number): Bytes {
    const kept = numbers(this.content("stss"), 1).filter((sample) => sample <= samples);
    return tableBox("stss", kept.length, ...kept);
  }

  private placed(): [Chunk[], number[]] {
    const places = this.offsets();
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

  private offsets(): number[] {
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

function firstOf(all: readonly Run[], samples: number): Run[] {
  const kept: Run[] = [];
  let left = samples;
  for (const { count, value } of all) {
    if (left === 0) break;
    kept.push({ count: Math.min(count, left), value });
    left -= Math.min(count, left);
  }
  return kept;
}

/** One track of an MP4 or MOV file: kept as it is, or its first and its last pictures alone. */
import { boxesIn, contentAt, replaced, viewOf } from "./boxes";
import { Unfit } from "./outcome";
import { type Chunk, REORDERED, SampleTables } from "./sample_tables";

type Bytes = Uint8Array<ArrayBuffer>;

const TABLES = ["mdia", "minf", "stbl"];
/** Codecs of sound for which equal results are proven by tests. */
const PROVEN = new Set(["mp4a", ".mp3", "Opus", "fLaC", "alac", "ac-3", "ec-3"]);
const PROTECTED = new Set(["enca", "encv", "enct", "encs", "drms", "drmi", "drmt"]);
const AUXILIARY = ["saiz", "saio", "senc"];
const UNITY = 0x10000;

export class Mp4Track {
  readonly handler: string;
  readonly chunks: readonly Chunk[];
  /** Whether pictures are left out. */
  readonly isShortened: boolean;
  private readonly tables: SampleTables;
  /** The pictures that are kept, if not all. */
  private readonly pictures: readonly number[];

  /** `content` is that of the box `trak`. */
  constructor(private readonly content: Uint8Array) {
    const table = contentAt(content, TABLES);
    const handler = contentAt(content, ["mdia", "hdlr"]);
    if (!table || !handler || handler.length < 12) throw new Unfit("unusual");
    this.handler = String.fromCharCode(...handler.subarray(8, 12));
    const codecs = codecsOf(table);
    if (codecs.some((name) => PROTECTED.has(name))) throw new Unfit("protected");
    if (AUXILIARY.some((name) => contentAt(table, [name]))) throw new Unfit("protected");
    if (this.isSound && (codecs.length !== 1 || !PROVEN.has(codecs[0]!))) throw new Unfit("codec");
    if (!isWithin(content)) throw new Unfit("unusual");
    this.tables = new SampleTables(table);
    const samples = this.tables.chunks.reduce((sum, { count }) => sum + count, 0);
    this.isShortened = this.handler === "vide" && samples > REORDERED + 1;
    this.pictures = this.isShortened ? picturesOf(samples, this.tables.lastShown(samples)) : [];
    if (this.isSound && this.isUncompressed) throw new Unfit("codec");
    if (this.isShortened && !this.showsBeginning()) throw new Unfit("unusual");
    this.chunks = this.isShortened ? this.tables.chunksOf(this.pictures) : this.tables.chunks;
  }

  get isSound(): boolean {
    return this.handler === "soun";
  }

  /** Where the last of all its bytes is, also of those that are left out. */
  get end(): number {
    return this.tables.chunks.reduce((end, { at, size }) => Math.max(end, at + size), 0);
  }

  /** The content of `trak` when the kept chunks are at `places`. */
  at(places: readonly number[]): Bytes {
    const made = this.isShortened ? this.tables.reduced(this.pictures, places) : this.tables.moved(places);
    return replaced(this.content, TABLES, made);
  }

  /** libavformat counts such samples in its own way. */
  private get isUncompressed(): boolean {
    const [first, another] = this.tables.durations;
    return first?.value === 1 && another === undefined;
  }

  /** Whether the track is shown from one of the kept pictures on, to its end, and at its own speed. */
  private showsBeginning(): boolean {
    const list = contentAt(this.content, ["edts", "elst"]);
    if (list === null) return true;
    const edits = editsOf(list);
    const [shown, another] = edits.filter(({ from }) => from >= 0);
    if (shown === undefined || another !== undefined || edits.at(-1) !== shown) return false;
    return shown.rate === UNITY && shown.from <= this.tables.timeOf(REORDERED - 1);
  }
}

/** The first pictures, which say when the track begins, and the one that says when it ends. */
function picturesOf(samples: number, last: number): number[] {
  const first = Array.from({ length: Math.min(samples, REORDERED) }, (_, sample) => sample);
  return last < REORDERED ? first : [...first, last];
}

interface Edit {
  from: number;
  rate: number;
}

/** The edit list (ISO/IEC 14496-12, 8.6.6); `from` is negative for time without pictures. */
function editsOf(list: Uint8Array): Edit[] {
  const view = viewOf(list);
  const isLong = list[0] === 1;
  const size = isLong ? 20 : 12;
  const count = view.getUint32(4);
  if (list.length < 8 + count * size) throw new Unfit("damaged");
  return Array.from({ length: count }, (_, place) => {
    const at = 8 + place * size;
    const from = isLong ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    return { from, rate: view.getUint32(at + size - 4) };
  });
}

function codecsOf(table: Uint8Array): string[] {
  const descriptions = contentAt(table, ["stsd"]);
  if (!descriptions || descriptions.length < 8) throw new Unfit("unusual");
  return boxesIn(descriptions, 8, descriptions.length).map(({ name }) => name);
}

/** Whether all data of the track are in the file itself. */
function isWithin(content: Uint8Array): boolean {
  const references = contentAt(content, ["mdia", "minf", "dinf", "dref"]);
  if (!references) return false;
  return boxesIn(references, 8, references.length).every(({ content: at }) => (references[at + 3]! & 1) === 1);
}

/** Clusters of a Matroska file without the blocks of pictures (RFC 9559, 5.1.3). */
import { type Element, elementAt, header, trackNumber, unsigned } from "./ebml";
import { Unfit } from "./outcome";
import { REORDERED } from "./sample_tables";
import { LARGEST_BYTES, Sink } from "./sink";
import type { Source } from "./source";

const [CLUSTER, TIMESTAMP, SIMPLE_BLOCK, GROUP, BLOCK, ENCRYPTED] = [0x1f43b675, 0xe7, 0xa3, 0xa0, 0xa1, 0xaf];
const LEFT_OUT = new Set([0xa7, 0xab, 0x5854, 0xec, 0xbf]);
/** Elements whose identifiers end a cluster of unknown size have four bytes. */
const LEAST_OF_SEGMENT = 0x10000000;

interface Picture {
  at: number;
  end: number;
  time: number;
  /** The timestamp of its cluster, as an element. */
  clusterTime: Uint8Array;
}

export class Clusters {
  hasLeftOut = false;
  private readonly seen = new Map<number, number>();
  private readonly last = new Map<number, Picture>();
  private timestamp: Uint8Array | null = null;
  private time = 0;
  private kept = new Bytes();

  constructor(
    private readonly source: Source,
    private readonly sink: Sink,
    private readonly pictures: ReadonlySet<number>,
  ) {}

  /** Takes one cluster, and returns where it ends. */
  async take(cluster: Element): Promise<number> {
    const limit = cluster.end ?? this.source.size;
    let at = cluster.content;
    this.timestamp = null;
    while (at < limit) {
      const each = await elementAt(this.source, at, limit);
      if (cluster.end === null && each.id >= LEAST_OF_SEGMENT) break;
      if (each.end === null) throw new Unfit("unusual");
      await this.child(each, each.end);
      at = each.end;
    }
    if (this.timestamp && this.kept.length > 0) this.write(this.timestamp, this.kept.all);
    this.kept.clear();
    return at;
  }

  /** Adds the last picture of each track, which says how long the file is. */
  async finish(): Promise<void> {
    for (const { at, end, clusterTime } of this.last.values()) this.write(clusterTime, await this.source.copy(at, end - at));
  }

  private async child(element: Element, end: number): Promise<void> {
    const { id, at, content } = element;
    if (id === ENCRYPTED) throw new Unfit("protected");
    if (id === TIMESTAMP) {
      this.timestamp = await this.source.copy(at, end - at);
      this.time = unsigned(this.timestamp.subarray(content - at));
    } else if (id === SIMPLE_BLOCK || id === GROUP) {
      const block = id === GROUP ? await this.blockOf(content, end) : content;
      if (await this.isKept(at, block, end)) this.kept.add(await this.source.view(at, end - at));
    } else if (!LEFT_OUT.has(id)) throw new Unfit("unusual");
  }

  /** Where the content of a group's block begins. */
  private async blockOf(content: number, end: number): Promise<number> {
    for (let at = content; at < end; ) {
      const each = await elementAt(this.source, at, end);
      if (each.id === BLOCK) return each.content;
      if (each.end === null) break;
      at = each.end;
    }
    throw new Unfit("damaged");
  }

  private async isKept(at: number, block: number, end: number): Promise<boolean> {
    if (!this.timestamp) throw new Unfit("unusual");
    const head = await this.source.view(block, Math.min(12, end - block));
    const [track, length] = trackNumber(head);
    if (!this.pictures.has(track)) return true;
    const count = (this.seen.get(track) ?? 0) + 1;
    this.seen.set(track, count);
    if (count <= REORDERED) return true;
    this.hasLeftOut = true;
    if (head.length < length + 2) throw new Unfit("damaged");
    const time = this.time + new DataView(head.buffer, head.byteOffset).getInt16(length);
    if (time >= (this.last.get(track)?.time ?? -Infinity)) this.last.set(track, { at, end, time, clusterTime: this.timestamp });
    return false;
  }

  private write(timestamp: Uint8Array, blocks: Uint8Array): void {
    this.sink.add(header(CLUSTER, timestamp.length + blocks.length));
    this.sink.add(timestamp);
    this.sink.add(blocks);
  }
}

/** Bytes of one cluster. */
class Bytes {
  length = 0;
  private buffer = new Uint8Array(64 * 1024);

  get all(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > LARGEST_BYTES) throw new Unfit("large");
    if (length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.buffer.length));
      larger.set(this.all);
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = length;
  }

  clear(): void {
    this.length = 0;
  }
}

/**
 * A Matroska or WebM file without its pictures, except the first and the last of each track. Everything else stays byte by byte:
 * tracks with their flags, tags, chapters, attachments, and the blocks of sound with their timestamps.
 */
import { Clusters } from "./clusters";
import { elementAt, elementsIn, header, unsigned } from "./ebml";
import { readTracks } from "./matroska_tracks";
import { Unfit } from "./outcome";
import { LARGEST_BYTES, Sink } from "./sink";
import type { Source } from "./source";

const [EBML, SEGMENT, SEEK_HEAD, INFO, TRACKS, CLUSTER] = [0x1a45dfa3, 0x18538067, 0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1f43b675];
const [CUES, ATTACHMENTS, CHAPTERS, TAGS, VOID, CRC] = [0x1c53bb6b, 0x1941a469, 0x1043a770, 0x1254c367, 0xec, 0xbf];
const [SEEK, SEEK_POSITION] = [0x4dbb, 0x53ac];
const HEAD = new Set([INFO, TRACKS, ATTACHMENTS, CHAPTERS, TAGS]);
const LEFT_OUT = new Set([CUES, VOID, CRC]);
const LARGEST_HEAD_BYTES = 64 * 1024 * 1024;

export async function soundOfMatroska(source: Source): Promise<Blob[]> {
  const start = await elementAt(source, 0, source.size);
  if (start.id !== EBML || start.end === null) throw new Unfit("kind");
  const segment = await elementAt(source, start.end, source.size);
  if (segment.id !== SEGMENT) throw new Unfit("unusual");
  if (segment.end !== null && segment.end !== source.size) throw new Unfit("unusual");
  const reader = new SegmentReader(source, segment.content);
  await reader.read();

  const first = new Sink(LARGEST_HEAD_BYTES);
  first.add(await source.copy(0, start.end));
  first.add(header(SEGMENT, reader.head.size + reader.body.size));
  return [...first.finish(), ...reader.head.finish(), ...reader.body.finish()];
}

class SegmentReader {
  readonly head = new Sink(LARGEST_HEAD_BYTES);
  readonly body = new Sink(LARGEST_BYTES);
  private clusters: Clusters | null = null;
  /** Where elements are, as the file lists them; and where those behind the first cluster were found. */
  private readonly listed = new Set<number>();
  private readonly late: number[] = [];
  private hasClusters = false;

  constructor(
    private readonly source: Source,
    private readonly begin: number,
  ) {}

  async read(): Promise<void> {
    for (let at = this.begin; at < this.source.size; ) at = await this.take(at);
    if (!this.clusters) throw new Unfit("unusual");
    await this.clusters.finish();
    // libavformat finds those only by the list, which is left out because places change.
    if (!this.late.every((each) => this.listed.has(each))) throw new Unfit("unusual");
    if (!this.clusters.hasLeftOut) throw new Unfit("little");
  }

  /** Takes one element, and returns the place of the next. */
  private async take(at: number): Promise<number> {
    const element = await elementAt(this.source, at, this.source.size);
    if (element.id === CLUSTER) {
      if (!this.clusters) throw new Unfit("unusual");
      this.hasClusters = true;
      return this.clusters.take(element);
    }
    if (element.end === null) throw new Unfit("unusual");
    if (element.id === SEEK_HEAD) this.list(await this.source.copy(element.content, element.end - element.content));
    else if (HEAD.has(element.id)) {
      const bytes = await this.source.copy(at, element.end - at);
      this.head.add(bytes);
      if (this.hasClusters) this.late.push(at);
      if (element.id === TRACKS) this.begun(bytes.subarray(element.content - at));
    } else if (!LEFT_OUT.has(element.id)) throw new Unfit("unusual");
    return element.end;
  }

  private begun(tracks: Uint8Array): void {
    if (this.clusters) throw new Unfit("unusual");
    this.clusters = new Clusters(this.source, this.body, readTracks(tracks));
  }

  private list(content: Uint8Array): void {
    for (const seek of elementsIn(content).filter(({ id }) => id === SEEK)) {
      for (const { id, bytes } of elementsIn(seek.bytes)) if (id === SEEK_POSITION) this.listed.add(this.begin + unsigned(bytes));
    }
  }
}

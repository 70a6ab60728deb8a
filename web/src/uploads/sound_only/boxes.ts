/** Boxes of MP4 and MOV files (ISO/IEC 14496-12, 4.2). */
import { Unfit } from "./outcome";
import type { Source } from "./source";

export interface Box {
  name: string;
  /** Where its header and where its content begin, and where it ends. */
  at: number;
  content: number;
  end: number;
}

type Bytes = Uint8Array<ArrayBuffer>;
const HEADER_BYTES = 16;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `head` are the bytes from `at` on, as many as there are up to HEADER_BYTES; the box ends at `end` at the latest. */
function boxAt(head: Uint8Array, at: number, end: number): Box {
  if (head.length < 8) throw new Unfit("damaged");
  const view = viewOf(head);
  const name = String.fromCharCode(...head.subarray(4, 8));
  let [size, header] = [view.getUint32(0), 8];
  if (size === 1) {
    if (head.length < HEADER_BYTES) throw new Unfit("damaged");
    [size, header] = [Number(view.getBigUint64(8)), HEADER_BYTES];
  } else if (size === 0) size = end - at;
  if (size < header || at + size > end) throw new Unfit("damaged");
  return { name, at, content: at + header, end: at + size };
}

/** The boxes of the whole file, by their headers alone. */
export async function boxesOf(source: Source): Promise<Box[]> {
  const found: Box[] = [];
  for (let at = 0; at < source.size; at = found.at(-1)!.end) {
    const head = await source.view(at, Math.min(HEADER_BYTES, source.size - at));
    found.push(boxAt(head, at, source.size));
  }
  return found;
}

/** The boxes between two places. Four zeros may end a list of QuickTime. */
export function boxesIn(bytes: Uint8Array, from: number, end: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at < end; at = found.at(-1)!.end) {
    if (end - at === 4 && viewOf(bytes).getUint32(at) === 0) break;
    found.push(boxAt(bytes.subarray(at, Math.min(at + HEADER_BYTES, end)), at, end));
  }
  return found;
}

/** The content of the only box at a path; null if there is none. */
export function contentAt(bytes: Uint8Array, path: readonly string[]): Uint8Array | null {
  let content = bytes;
  for (const name of path) {
    const [found, another] = boxesIn(content, 0, content.length).filter((each) => each.name === name);
    if (another) throw new Unfit("unusual");
    if (!found) return null;
    content = content.subarray(found.content, found.end);
  }
  return content;
}

export function box(name: string, ...parts: readonly Uint8Array[]): Bytes {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const made = new Uint8Array(size);
  new DataView(made.buffer).setUint32(0, size);
  made.set(new TextEncoder().encode(name), 4);
  let at = 8;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

/** A box of 32-bit numbers behind version and flags. */
export function tableBox(name: string, numbers: readonly number[]): Bytes {
  const content = new Uint8Array(4 + 4 * numbers.length);
  const view = viewOf(content);
  numbers.forEach((number, place) => view.setUint32(4 + 4 * place, number));
  return box(name, content);
}

/** The content of a box with the boxes at a path replaced; `null` leaves one out, others are kept byte by byte. */
export function replaced(bytes: Uint8Array, path: readonly string[], by: ReadonlyMap<string, Bytes | null>): Bytes {
  const [next, ...rest] = path;
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const each of boxesIn(bytes, 0, bytes.length)) {
    const whole = bytes.subarray(each.at, each.end);
    if (next !== undefined) parts.push(each.name === next ? box(next, replaced(bytes.subarray(each.content, each.end), rest, by)) : whole);
    else if (!by.has(each.name)) parts.push(whole);
    else parts.push(by.get(each.name) ?? new Uint8Array());
    end = each.end;
  }
  parts.push(bytes.subarray(end));
  return box("    ", ...parts).subarray(8);
}

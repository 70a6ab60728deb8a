/** Elements of Matroska and WebM files (RFC 8794, 4 to 6). */
import { Unfit } from "./outcome";
import type { Source } from "./source";

export interface Element {
  id: number;
  /** Where its header and where its content begin, and where it ends; an end is unknown in recordings. */
  at: number;
  content: number;
  end: number | null;
}

const HEADER_BYTES = 12;

/** How many bytes a number has, by its first one; 0 if it is none. */
function lengthOf(first: number | undefined): number {
  return first ? Math.clz32(first) - 23 : 0;
}

/** A number without the marker of its length; null if all its bits are set. */
function valueOf(bytes: Uint8Array, at: number, length: number): number | null {
  let value = bytes[at]! & ((1 << (8 - length)) - 1);
  let isUnknown = value === (1 << (8 - length)) - 1;
  for (let each = at + 1; each < at + length; each += 1) {
    value = value * 256 + bytes[each]!;
    isUnknown &&= bytes[each] === 0xff;
  }
  return isUnknown ? null : value;
}

/** `head` are the bytes from `at` on; the element ends at `limit` at the latest. */
function parsed(head: Uint8Array, at: number, limit: number): Element {
  const idLength = lengthOf(head[0]);
  const sizeLength = lengthOf(head[idLength]);
  const header = idLength + sizeLength;
  if (idLength === 0 || idLength > 4 || sizeLength === 0 || header > head.length) throw new Unfit("damaged");
  const id = head.subarray(0, idLength).reduce((sum, byte) => sum * 256 + byte, 0);
  const size = valueOf(head, idLength, sizeLength);
  const content = at + header;
  if (size !== null && content + size > limit) throw new Unfit("damaged");
  return { id, at, content, end: size === null ? null : content + size };
}

export async function elementAt(source: Source, at: number, limit: number): Promise<Element> {
  return parsed(await source.view(at, Math.min(HEADER_BYTES, limit - at)), at, limit);
}

/** The children within bytes that begin with the first of them. */
export function elementsIn(bytes: Uint8Array): (Element & { bytes: Uint8Array })[] {
  const found: (Element & { bytes: Uint8Array })[] = [];
  for (let at = 0; at < bytes.length; at = found.at(-1)!.end!) {
    const each = parsed(bytes.subarray(at, at + HEADER_BYTES), at, bytes.length);
    if (each.end === null) throw new Unfit("unusual");
    found.push({ ...each, bytes: bytes.subarray(each.content, each.end) });
  }
  return found;
}

export function unsigned(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The number at the beginning of a block (RFC 9559, 10.1), and how many bytes it has. */
export function trackNumber(head: Uint8Array): [number, number] {
  const length = lengthOf(head[0]);
  if (length === 0 || length > head.length) throw new Unfit("damaged");
  return [valueOf(head, 0, length) ?? 0, length];
}

/** The header of an element, with a size of eight bytes. */
export function header(id: number, size: number): Uint8Array {
  const name = [24, 16, 8, 0].map((shift) => (id >>> shift) & 0xff).filter((byte, place, all) => byte || all.slice(0, place).some(Boolean));
  const made = new Uint8Array(name.length + 8);
  made.set(name);
  new DataView(made.buffer).setBigUint64(name.length, (1n << 56n) | BigInt(size));
  return made;
}

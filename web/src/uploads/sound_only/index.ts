/** Takes the sound out of a video: the same packets, tracks and tags, without the pictures. The same file gives the same bytes. */
import { soundOfMatroska } from "./matroska";
import { soundOfMp4 } from "./mp4";
import { type Outcome, Unfit } from "./outcome";
import { Source } from "./source";

// Less is not worth another file than the one that was chosen.
const LARGEST_SHARE = 0.8;
const MAGIC_BYTES = 12;

/** Rejects only when the signal aborts. */
export async function soundOf(file: Blob, signal?: AbortSignal): Promise<Outcome> {
  try {
    const pieces = await taken(new Source(file, signal));
    const sound = new Blob(pieces, { type: file.type });
    return sound.size > LARGEST_SHARE * file.size ? { whole: "little" } : { sound };
  } catch (error) {
    signal?.throwIfAborted();
    return { whole: error instanceof Unfit ? error.reason : "trouble" };
  }
}

async function taken(source: Source): Promise<Blob[]> {
  const head = await source.view(0, Math.min(MAGIC_BYTES, source.size));
  const text = String.fromCharCode(...head.subarray(4, 8));
  if (text === "ftyp" || text === "moov" || text === "wide" || text === "mdat") return soundOfMp4(source);
  if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3) return soundOfMatroska(source);
  throw new Unfit("kind");
}

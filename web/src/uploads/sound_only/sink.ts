/** Collects the bytes of a result. They become blobs piece by piece, which browsers move to the disk. */
import { Unfit } from "./outcome";

export const LARGEST_BYTES = 256 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;

export class Sink {
  size = 0;
  private readonly pieces: Blob[] = [];
  private piece = new Uint8Array(PIECE_BYTES);
  private filled = 0;

  constructor(private readonly atMost = LARGEST_BYTES) {}

  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.size > this.atMost) throw new Unfit("large");
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.filled);
      this.piece.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === PIECE_BYTES) this.flush();
    }
  }

  finish(): Blob[] {
    this.flush();
    return this.pieces;
  }

  private flush(): void {
    if (this.filled > 0) this.pieces.push(new Blob([this.piece.slice(0, this.filled)]));
    this.filled = 0;
  }
}

/** Reads a file of any size in windows, forwards at best; a place behind its end means that the file is cut off. */
import { Unfit } from "./outcome";

const WINDOW_BYTES = 4 * 1024 * 1024;

export class Source {
  private window = new Uint8Array();
  private windowAt = 0;

  constructor(
    private readonly file: Blob,
    private readonly signal?: AbortSignal,
  ) {}

  get size(): number {
    return this.file.size;
  }

  /** A view that is valid until the next call. */
  async view(at: number, length: number): Promise<Uint8Array> {
    if (!this.holds(at, length)) await this.move(at, length);
    return this.window.subarray(at - this.windowAt, at - this.windowAt + length);
  }

  async copy(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.view(at, length));
  }

  private holds(at: number, length: number): boolean {
    return at >= this.windowAt && at + length <= this.windowAt + this.window.length;
  }

  private async move(at: number, length: number): Promise<void> {
    this.signal?.throwIfAborted();
    if (at < 0 || length < 0 || at + length > this.file.size) throw new Unfit("damaged");
    const end = Math.min(this.file.size, at + Math.max(length, WINDOW_BYTES));
    this.window = new Uint8Array(await this.file.slice(at, end).arrayBuffer());
    this.windowAt = at;
    // A file that has become shorter since it was chosen.
    if (this.window.length < length) throw new Unfit("damaged");
  }
}

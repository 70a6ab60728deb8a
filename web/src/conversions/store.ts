/** What is known of conversions, each a signal of its own, and the list of them that is shown. */
import { type Signal, signal } from "@preact/signals";
import { json } from "../session/api";
import { Listing } from "./listing";
import { type Conversion, EVERYTHING, type Filter, fits, isActive, isEverything, supersedes } from "./model";

export class Conversions {
  private readonly known = new Map<string, Signal<Conversion>>();
  private readonly take = (items: readonly Conversion[]): void => {
    for (const item of items) this.hold(item);
  };
  readonly everything = new Listing(EVERYTHING, this.take);
  /** All of them, or what was searched for last. */
  readonly shown = signal<Listing>(this.everything);

  /** `ended` is called when one that was under way is seen to have ended. */
  constructor(private readonly ended: (conversion: Conversion) => void = () => undefined) {}

  get(id: string): Signal<Conversion> | undefined {
    return this.known.get(id);
  }

  get active(): Conversion[] {
    return this.everything.ids.value.map((id) => this.known.get(id)!.value).filter(isActive);
  }

  search(filter: Filter): void {
    if (isEverything(filter)) {
      this.shown.value = this.everything;
      return;
    }
    const listing = new Listing(filter, this.take);
    this.shown.value = listing;
    void listing.more();
  }

  async renewOne(id: string): Promise<void> {
    this.put(await json<Conversion>(`v1/conversions/${id}`), true);
  }

  /** Holds the newer of the held value and `next`, or `next` in any case, and lists it where it belongs. */
  put(next: Conversion, force = false): void {
    this.hold(next, force);
    this.everything.include([next]);
    const shown = this.shown.value;
    if (shown.isSearch && fits(next, shown.filter)) shown.include([next]);
  }

  drop(id: string): void {
    this.everything.exclude(id);
    this.shown.value.exclude(id);
    this.known.delete(id);
  }

  private hold(next: Conversion, force = false): void {
    const held = this.known.get(next.id);
    if (held === undefined) this.known.set(next.id, signal(next));
    else if ((force || supersedes(next, held.value)) && JSON.stringify(held.value) !== JSON.stringify(next)) {
      const hasEnded = isActive(held.value) && !isActive(next);
      held.value = next;
      if (hasEnded) this.ended(next);
    }
  }
}

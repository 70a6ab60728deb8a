/** The conversions that are chosen for an action on several. */
import { computed, signal } from "@preact/signals";

export class Selection {
  readonly isOpen = signal(false);
  readonly ids = signal<ReadonlySet<string>>(new Set());
  readonly count = computed(() => this.ids.value.size);
  private last: string | null = null;

  open(): void {
    this.isOpen.value = true;
  }

  close(): void {
    this.isOpen.value = false;
    this.set([]);
  }

  set(ids: Iterable<string>): void {
    this.ids.value = new Set(ids);
    this.last = null;
  }

  drop(id: string): void {
    if (this.ids.value.has(id)) this.ids.value = new Set([...this.ids.value].filter((each) => each !== id));
  }

  /** With `range` the ones between this and the last chosen one too, as `order` has them. */
  choose(id: string, isChosen: boolean, range: boolean, order: readonly string[]): void {
    const ids = new Set(this.ids.value);
    for (const each of range ? between(order, this.last ?? id, id) : [id]) {
      if (isChosen) ids.add(each);
      else ids.delete(each);
    }
    this.ids.value = ids;
    this.last = id;
  }
}

function between(order: readonly string[], one: string, other: string): readonly string[] {
  const [first, last] = [order.indexOf(one), order.indexOf(other)].sort((a, b) => a - b) as [number, number];
  return first < 0 ? [other] : order.slice(first, last + 1);
}

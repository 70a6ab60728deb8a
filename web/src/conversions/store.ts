/** The list of conversions: pages as they are scrolled to, each conversion a signal of its own. */
import { computed, type Signal, signal } from "@preact/signals";
import { json } from "../session/api";
import { type Conversion, isActive, type Page, supersedes } from "./model";

const PAGE_SIZE = 30;

export class Conversions {
  readonly ids = signal<readonly string[]>([]);
  readonly loading = signal(false);
  readonly failure = signal<unknown>(null);
  readonly loaded = signal(false);
  readonly isComplete = computed(() => this.loaded.value && this.cursor.value === null);
  private readonly cursor = signal<string | null>(null);
  private readonly known = new Map<string, Signal<Conversion>>();

  get(id: string): Signal<Conversion> | undefined {
    return this.known.get(id);
  }

  get active(): Conversion[] {
    return this.ids.value.map((id) => this.known.get(id)!.value).filter(isActive);
  }

  /** The next page; the first one at the first call. Does nothing while a page is on its way. */
  async more(): Promise<void> {
    if (this.loading.value || this.isComplete.value) return;
    this.loading.value = true;
    try {
      const page = await this.page(this.cursor.value);
      this.failure.value = null;
      for (const conversion of page.items) this.put(conversion);
      this.cursor.value = page.next_cursor;
      this.loaded.value = true;
    } catch (error) {
      this.failure.value = error;
    } finally {
      this.loading.value = false;
    }
  }

  /** Looks at the newest page again: what other tabs and devices have done, and the states of what is under way. */
  async renew(): Promise<void> {
    const page = await this.page(null);
    for (const conversion of page.items) this.put(conversion);
    this.failure.value = null;
    if (!this.loaded.value) {
      this.cursor.value = page.next_cursor;
      this.loaded.value = true;
    }
  }

  async renewOne(id: string): Promise<void> {
    this.put(await json<Conversion>(`v1/conversions/${id}`), true);
  }

  put(next: Conversion, force = false): void {
    const held = this.known.get(next.id);
    if (held === undefined) {
      this.known.set(next.id, signal(next));
      this.ids.value = newestFirst([...this.ids.value, next.id], this.known);
    } else if (force || supersedes(next, held.value)) {
      if (JSON.stringify(held.value) !== JSON.stringify(next)) held.value = next;
    }
  }

  drop(id: string): void {
    this.known.delete(id);
    this.ids.value = this.ids.value.filter((each) => each !== id);
  }

  private page(cursor: string | null): Promise<Page> {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor && { cursor }) });
    return json<Page>(`v1/conversions?${query}`);
  }
}

function newestFirst(ids: string[], known: ReadonlyMap<string, Signal<Conversion>>): string[] {
  const at = (id: string): string => known.get(id)?.peek().created_at ?? "";
  return ids.sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a < b ? 1 : -1));
}

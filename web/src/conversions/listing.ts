/** A list of conversions, newest first: all, or those that a search finds. Pages are loaded as they are scrolled to. */
import { computed, signal } from "@preact/signals";
import { json } from "../session/api";
import { type Conversion, type Filter, isEverything, type Page } from "./model";

const FIRST_PAGE = 30;
const LATER_PAGES = 100;

export class Listing {
  readonly ids = signal<readonly string[]>([]);
  readonly loading = signal(false);
  readonly failure = signal<unknown>(null);
  readonly loaded = signal(false);
  readonly isComplete = computed(() => this.loaded.value && this.cursor.value === null);
  private readonly cursor = signal<string | null>(null);
  private readonly createdAt = new Map<string, string>();

  /** `take` is called with the conversions of each page before their ids are in the list. */
  constructor(
    readonly filter: Filter,
    private readonly take: (items: readonly Conversion[]) => void,
  ) {}

  get isSearch(): boolean {
    return !isEverything(this.filter);
  }

  /** The next page; the first one at the first call. Does nothing while a page is on its way. */
  async more(): Promise<void> {
    if (this.loading.value || this.isComplete.value) return;
    this.loading.value = true;
    try {
      this.adopt(await this.page(this.cursor.value));
    } catch (error) {
      this.failure.value = error;
    } finally {
      this.loading.value = false;
    }
  }

  /** The newest page again: what other tabs and devices have done, and the states of what is under way. */
  async renew(): Promise<void> {
    const page = await this.page(null);
    if (!this.loaded.value) return this.adopt(page);
    this.failure.value = null;
    this.include(page.items);
  }

  include(items: readonly Conversion[]): void {
    this.take(items);
    const added = items.filter(({ id }) => !this.createdAt.has(id));
    if (added.length === 0) return;
    for (const { id, created_at } of added) this.createdAt.set(id, created_at);
    this.ids.value = [...this.ids.value, ...added.map(({ id }) => id)].sort((a, b) => this.compare(a, b));
  }

  exclude(id: string): void {
    if (this.createdAt.delete(id)) this.ids.value = this.ids.value.filter((each) => each !== id);
  }

  private adopt(page: Page): void {
    this.include(page.items);
    this.failure.value = null;
    this.cursor.value = page.next_cursor;
    this.loaded.value = true;
  }

  private compare(a: string, b: string): number {
    const [one, other] = [this.createdAt.get(a) ?? "", this.createdAt.get(b) ?? ""];
    if (one !== other) return one < other ? 1 : -1;
    return a < b ? 1 : -1;
  }

  private page(cursor: string | null): Promise<Page> {
    const { text, status } = this.filter;
    const query = new URLSearchParams({
      limit: String(cursor === null ? FIRST_PAGE : LATER_PAGES),
      ...(cursor && { cursor }), ...(text && { q: text }), ...(status && { status }),
    });
    return json<Page>(`v1/conversions?${query}`);
  }
}

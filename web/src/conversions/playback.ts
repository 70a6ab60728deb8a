/** What a player shows of the audio beside its controls: the waveform and the chapters. */
import { json } from "../session/api";
import { Problem } from "../session/problem";

export interface Waveform {
  sample_rate: number;
  samples_per_pixel: number;
  /** Minimum and maximum of each pixel, from -127 to 127. */
  data: number[];
}

export interface Chapter {
  start: number;
  end: number;
  title: string;
}

/** Null where there is none: of a result of an earlier version, for instance. */
export async function waveformOf(id: string): Promise<Waveform | null> {
  try {
    return await json<Waveform>(`v1/conversions/${id}/waveform`);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export async function chaptersOf(id: string): Promise<Chapter[]> {
  return (await json<{ items: Chapter[] }>(`v1/conversions/${id}/chapters`)).items;
}

/** The height of the outline's coordinates: full scale is HALF above and below the middle. */
export const HALF = 127;
/** Silence is a line, and not nothing. */
const LEAST = 1;

/** The columns that a waveform is drawn with: as many as there are pixels, at most `most`. */
export function columns({ data }: Waveform, most: number): [lowest: number, highest: number][] {
  const pixels = data.length / 2;
  const count = Math.min(most, pixels);
  return Array.from({ length: count }, (_, column) => {
    let [lowest, highest] = [HALF, -HALF];
    for (let pixel = Math.floor((column * pixels) / count); pixel < Math.floor(((column + 1) * pixels) / count); pixel += 1) {
      lowest = Math.min(lowest, data[2 * pixel]!);
      highest = Math.max(highest, data[2 * pixel + 1]!);
    }
    return [lowest, highest];
  });
}

/** The outline as the path of an SVG: one unit wide for each column, HALF above and below its middle. */
export function outline(drawn: readonly [lowest: number, highest: number][]): string {
  const above = drawn.map(([, highest], at) => `${at + 0.5} ${HALF - Math.max(highest, LEAST)}`);
  const below = drawn.map(([lowest], at) => `${at + 0.5} ${HALF - Math.min(lowest, -LEAST)}`).reverse();
  return `M${[...above, ...below].join("L")}Z`;
}

/** The chapter at a time; -1 before the first one. */
export function chapterAt(chapters: readonly Chapter[], seconds: number): number {
  return chapters.findLastIndex(({ start }) => start <= seconds);
}

const STEP_S = 5;
const LEAP = 0.1;

/** The time that a key of a slider moves to (WAI-ARIA Authoring Practices); null for other keys. */
export function timeAfter(key: string, now: number, length: number): number | null {
  const moves: Record<string, number> = {
    ArrowLeft: now - STEP_S, ArrowDown: now - STEP_S, ArrowRight: now + STEP_S, ArrowUp: now + STEP_S,
    PageDown: now - LEAP * length, PageUp: now + LEAP * length, Home: 0, End: length,
  };
  const to = moves[key];
  return to === undefined ? null : Math.min(length, Math.max(0, to));
}

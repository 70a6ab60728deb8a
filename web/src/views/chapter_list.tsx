/** The chapters of the audio: each is a button that plays it. */
import { type Chapter, chapterAt } from "../conversions/playback";
import { duration } from "../format";
import { texts } from "../texts";

export function ChapterList({ chapters, now, play }: { chapters: readonly Chapter[]; now: number; play: (seconds: number) => void }) {
  const t = texts.value.player;
  const current = chapterAt(chapters, now);
  return (
    <ol class="chapters" aria-label={t.chapters}>
      {chapters.map(({ start, title }, index) => (
        <li key={index}>
          <button type="button" class="quiet" aria-current={index === current ? "true" : undefined} onClick={() => play(start)}>
            <time>{duration(start)}</time>
            <span class="name" dir="auto">{title || t.untitled(index + 1)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

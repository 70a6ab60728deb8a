/** The waveform of the audio as a slider: where it is played, and where its chapters begin. */
import { useMemo, useRef } from "preact/hooks";
import { type Chapter, columns, HALF, outline, timeAfter, type Waveform } from "../conversions/playback";
import { duration } from "../format";
import { texts } from "../texts";

/** As many as a wide window has room for. */
const MOST_COLUMNS = 500;

interface Props {
  waveform: Waveform;
  chapters: readonly Chapter[];
  /** Seconds. */
  now: number;
  length: number;
  name: string;
  seek: (seconds: number) => void;
}

export function WaveformSlider({ waveform, chapters, now, length, name, seek }: Props) {
  const t = texts.value.player;
  const drawn = useMemo(() => columns(waveform, MOST_COLUMNS), [waveform]);
  const path = useMemo(() => outline(drawn), [drawn]);
  const slider = useRef<HTMLDivElement>(null);
  const width = drawn.length;
  const at = (seconds: number): number => (length > 0 ? (seconds / length) * width : 0);
  // The time runs from left to right in every language.
  const seekTo = ({ clientX }: PointerEvent): void => {
    const { left, width: across } = slider.current!.getBoundingClientRect();
    seek(Math.min(1, Math.max(0, (clientX - left) / across)) * length);
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    slider.current!.setPointerCapture(event.pointerId);
    seekTo(event);
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (slider.current!.hasPointerCapture(event.pointerId)) seekTo(event);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = event.altKey || event.ctrlKey || event.metaKey ? null : timeAfter(event.key, now, length);
    if (to === null) return;
    event.preventDefault();
    seek(to);
  };
  return (
    <div
      ref={slider} class="waveform" role="slider" tabIndex={0} aria-label={t.seek(name)}
      aria-valuemin={0} aria-valuemax={Math.round(length)} aria-valuenow={Math.round(now)} aria-valuetext={t.position(duration(now), duration(length))}
      onPointerDown={onPointerDown} onPointerMove={onPointerMove} onKeyDown={onKeyDown}
    >
      <svg viewBox={`0 0 ${width} ${2 * HALF}`} preserveAspectRatio="none" aria-hidden="true">
        <clipPath id="played"><rect width={at(now)} height={2 * HALF} /></clipPath>
        <path class="all" d={path} />
        <path class="played" d={path} clip-path="url(#played)" />
        {chapters.filter(({ start }) => start > 0).map(({ start }) => <line key={start} class="mark" x1={at(start)} x2={at(start)} y1="0" y2={2 * HALF} />)}
        <line class="now" x1={at(now)} x2={at(now)} y1="0" y2={2 * HALF} />
      </svg>
    </div>
  );
}

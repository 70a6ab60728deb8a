/** Plays the audio by a signed link: the browser fetches the ranges that it needs, without the page's token. */
import { useEffect, useRef, useState } from "preact/hooks";
import { mediaLink } from "../conversions/actions";
import { type Chapter, chaptersOf, type Waveform, waveformOf } from "../conversions/playback";
import { explain } from "../explain";
import { Spinner } from "../parts/controls";
import { texts } from "../texts";
import { ChapterList } from "./chapter_list";
import { WaveformSlider } from "./waveform";

interface Props {
  id: string;
  name: string;
  /** Seconds, until the browser knows better. */
  length: number;
}

export function Player({ id, name, length: declared }: Props) {
  const [source, setSource] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [now, setNow] = useState(0);
  const [length, setLength] = useState(declared);
  const { waveform, chapters } = useDetails(id);
  const renewed = useRef(false);
  const audio = useRef<HTMLAudioElement>(null);
  const load = (): void => void mediaLink(id).then(setSource, (error: unknown) => setFailure(explain(error, texts.value)));
  useEffect(load, [id]);
  if (failure !== null) return <p class="player error" role="alert">{failure}</p>;
  if (source === null) return <div class="player"><Spinner /></div>;
  // The link may have ended while the page was open: one try with a new one.
  const onError = (): void => {
    if (renewed.current) return setFailure(texts.value.problems.gone);
    renewed.current = true;
    load();
  };
  const seek = (seconds: number): void => {
    setNow(seconds);
    if (audio.current) audio.current.currentTime = seconds;
  };
  const play = (seconds: number): void => {
    seek(seconds);
    // Refused where the browser wants another gesture first: its own button is there for that.
    void audio.current?.play().catch(() => undefined);
  };
  return (
    <div class="player">
      {waveform && <WaveformSlider waveform={waveform} chapters={chapters} now={now} length={length} name={name} seek={seek} />}
      <audio
        ref={audio} controls autoPlay preload="metadata" src={source} aria-label={name} onError={onError}
        onTimeUpdate={({ currentTarget }) => setNow(currentTarget.currentTime)}
        onDurationChange={({ currentTarget: { duration } }) => Number.isFinite(duration) && setLength(duration)}
      />
      {chapters.length > 0 && <ChapterList chapters={chapters} now={now} play={play} />}
    </div>
  );
}

/** Empty until they are loaded, and where there are none: the audio is played without. */
function useDetails(id: string): { waveform: Waveform | null; chapters: readonly Chapter[] } {
  const [waveform, setWaveform] = useState<Waveform | null>(null);
  const [chapters, setChapters] = useState<readonly Chapter[]>([]);
  useEffect(() => {
    let isShown = true;
    const shown = <T,>(show: (value: T) => void) => (value: T): void => void (isShown && show(value));
    waveformOf(id).then(shown(setWaveform), () => undefined);
    chaptersOf(id).then(shown(setChapters), () => undefined);
    return () => {
      isShown = false;
    };
  }, [id]);
  return { waveform, chapters };
}

/** Plays the audio by a signed link: the browser fetches the ranges that it needs, without the page's token. */
import { useEffect, useRef, useState } from "preact/hooks";
import { mediaLink } from "../conversions/actions";
import { explain } from "../explain";
import { Spinner } from "../parts/controls";
import { texts } from "../texts";

export function Player({ id, name }: { id: string; name: string }) {
  const [source, setSource] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const renewed = useRef(false);
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
  return <audio class="player" controls autoPlay preload="metadata" src={source} aria-label={name} onError={onError} />;
}

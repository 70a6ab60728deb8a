/** What is sent of a video: its sound, or the whole if the results could differ. */
import type { KeptUpload } from "./kept_uploads";
import type { Outcome } from "./sound_only/outcome";

/** Raised when the same video gives other bytes than before, so that a begun upload does not go on with them. */
const VERSION = 1;

/** What changes in an upload before it is sent. Rejects when the signal aborts. */
export async function withSound(kept: KeptUpload, signal: AbortSignal): Promise<Partial<KeptUpload>> {
  const { file, fields, video, size, url } = kept;
  if (file === null || file.type.startsWith("audio/")) return { isVideo: false };
  const outcome: Outcome = fields.cover === "auto" ? { whole: "frame" } : await soundOf(file, signal);
  if ("whole" in outcome) {
    // A file of another kind is called a video only if its name says so.
    const whole = outcome.whole === "kind" && !file.type.startsWith("video/") ? undefined : outcome.whole;
    return { isVideo: false, size: file.size, video: undefined, whole, url: video ? null : url };
  }
  const sound = new File([outcome.sound], file.name, { type: file.type, lastModified: file.lastModified });
  const isSame = !video || (video.version === VERSION && sound.size === size);
  return {
    isVideo: false, file: sound, size: sound.size, video: { size: file.size, version: VERSION }, whole: undefined,
    url: isSame ? url : null,
  };
}

async function soundOf(file: File, signal: AbortSignal): Promise<Outcome> {
  try {
    const module = await import("./sound_only");
    return await module.soundOf(file, signal);
  } catch {
    signal.throwIfAborted();
    return { whole: "trouble" };
  }
}

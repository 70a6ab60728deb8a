/** Why a video is sent whole; see docs/decisions/0045-only-the-sound-is-sent.md. */
export type Reason =
  | "codec"
  | "damaged"
  | "fragmented"
  | "frame"
  | "kind"
  | "large"
  | "little"
  | "mute"
  | "protected"
  | "trouble"
  | "unusual";

/** What is sent in place of a video, or the reason why the video is. */
export type Outcome = { sound: Blob } | { whole: Reason };

/** Ends the work on a video whose sound cannot be sent alone. */
export class Unfit extends Error {
  constructor(readonly reason: Reason) {
    super(reason);
  }
}

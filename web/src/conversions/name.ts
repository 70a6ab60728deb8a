import { texts } from "../texts";
import type { Conversion } from "./model";

/** What people know it by. */
export function nameOf(conversion: Conversion): string {
  return conversion.title || conversion.source.filename || texts.value.conversion.unnamed;
}

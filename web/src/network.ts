/** Whether the browser has a network at all. */
import { signal } from "@preact/signals";

export const isOnline = signal(navigator.onLine);
addEventListener("online", () => {
  isOnline.value = true;
});
addEventListener("offline", () => {
  isOnline.value = false;
});

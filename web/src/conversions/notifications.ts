/** Notifications of the browser about conversions that end while the page is out of view. */
import { signal } from "@preact/signals";
import { texts } from "../texts";
import type { Conversion } from "./model";
import { nameOf } from "./name";

const KEY = "tonegate.notify";

/** Browsers have them on https and on the machine itself only. */
export const canNotify = typeof Notification !== "undefined" && isSecureContext;
export const notifies = signal(canNotify && localStorage.getItem(KEY) !== null && Notification.permission === "granted");

/** Asks the browser for its permission where that is needed. False when it was refused. */
export async function setNotifies(wanted: boolean): Promise<boolean> {
  if (wanted && (await Notification.requestPermission()) !== "granted") return false;
  if (wanted) localStorage.setItem(KEY, "1");
  else localStorage.removeItem(KEY);
  notifies.value = wanted;
  return true;
}

/** Says that a conversion has ended, unless the page can be seen or its owner has ended it. */
export function announceEnd(conversion: Conversion): void {
  const title = texts.value.notifications.titles[conversion.status];
  if (!notifies.value || !document.hidden || title === undefined) return;
  try {
    const shown = new Notification(title, { body: nameOf(conversion), tag: conversion.id });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Some browsers show notifications of service workers only.
    notifies.value = false;
  }
}

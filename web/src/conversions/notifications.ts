/**
 * Notifications of the browser about conversions that end while the page is out of view or closed: push messages where
 * the browser has them, else the page's own as long as it is open.
 */
import { effect, signal } from "@preact/signals";
import { state } from "../session/session";
import { texts } from "../texts";
import type { Conversion } from "./model";
import { nameOf } from "./name";
import { canPush, subscribe, unsubscribe } from "./push";

const KEY = "tonegate.notify";

/** Browsers have them on https and on the machine itself only. */
export const canNotify = typeof Notification !== "undefined" && isSecureContext;
export const notifies = signal(canNotify && localStorage.getItem(KEY) !== null && Notification.permission === "granted");
// Whether the service worker shows them.
let pushes = false;

/** Asks the browser for its permission where that is needed. False when it was refused. */
export async function setNotifies(wanted: boolean): Promise<boolean> {
  if (wanted && (await Notification.requestPermission()) !== "granted") return false;
  if (wanted) localStorage.setItem(KEY, "1");
  else localStorage.removeItem(KEY);
  notifies.value = wanted;
  await (wanted ? startPush() : stopPush());
  return true;
}

/** With each sign-in: the subscription belongs to the session. Without push messages the page notifies itself. */
export async function startPush(): Promise<void> {
  if (!notifies.value || !canPush) return;
  try {
    await subscribe();
    pushes = true;
  } catch {
    pushes = false;
  }
}

/** Who signs out gets no more messages here, also when the server cannot be told. */
export function startNotifications(): void {
  effect(() => {
    if (state.value === "signed-out") void stopPush();
  });
}

async function stopPush(): Promise<void> {
  pushes = false;
  if (canPush) await unsubscribe().catch(() => undefined);
}

/** Says that a conversion has ended, unless the page can be seen or its owner has ended it. */
export function announceEnd(conversion: Conversion): void {
  const title = texts.value.notifications.titles[conversion.status];
  if (pushes || !notifies.value || !document.hidden || title === undefined) return;
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

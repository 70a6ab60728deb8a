/**
 * The service worker: shows what happened to a video while the page is closed or out of view, and takes files that are
 * shared with the installed page. All other requests go to the network.
 */
import { isShared, keepShared } from "./shared";
import { wordsIn } from "./words";

/** What the server sends (notification_service/push/messages.py). */
interface PushMessage {
  type: string;
  conversion_id: string;
  filename: string;
}

interface PushEvent extends ExtendableEvent {
  data: { json(): PushMessage } | null;
}

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface InstallEvent extends ExtendableEvent {
  /** Static routing: the browser need not start the service worker for these requests. */
  addRoutes?(rules: { condition: { requestMethod: string }; source: "network" }[]): Promise<void>;
}

interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}

interface ClickEvent extends ExtendableEvent {
  notification: Notification;
}

interface WindowClient {
  visibilityState: string;
  focus(): Promise<unknown>;
}

interface Scope {
  location: Location;
  registration: ServiceWorkerRegistration;
  clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<WindowClient[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: string, listener: (event: never) => void): void;
}

const scope = self as unknown as Scope;
const words = wordsIn(new URL(scope.location.href).searchParams.get("language"));

const NOT_SHARED = ["GET", "HEAD", "PATCH", "PUT", "DELETE", "OPTIONS"];

scope.addEventListener("install", (event: InstallEvent) => {
  void scope.skipWaiting();
  event.waitUntil(skipFor(event));
});
scope.addEventListener("fetch", (event: FetchEvent) => {
  if (isShared(event.request, scope.registration.scope)) event.respondWith(keepShared(event.request));
});
scope.addEventListener("push", (event: PushEvent) => event.waitUntil(show(event.data)));
scope.addEventListener("notificationclick", (event: ClickEvent) => {
  event.notification.close();
  event.waitUntil(open());
});

/** The page is no slower for having a service worker, in browsers that can do without it. */
async function skipFor(event: InstallEvent): Promise<void> {
  const rules = NOT_SHARED.map((requestMethod) => ({ condition: { requestMethod }, source: "network" as const }));
  await event.addRoutes?.(rules).catch(() => undefined);
}

/** Shows nothing to a person who sees the page: it says so itself. */
async function show(data: PushEvent["data"]): Promise<void> {
  if ((await windows()).some(({ visibilityState }) => visibilityState === "visible")) return;
  const { type, conversion_id, filename } = data!.json();
  const title = type === "conversion.completed" ? words.completed : words.failed;
  await scope.registration.showNotification(title, { body: filename, tag: conversion_id });
}

async function open(): Promise<void> {
  const [first] = await windows();
  await (first ? first.focus() : scope.clients.openWindow("./"));
}

function windows(): Promise<WindowClient[]> {
  return scope.clients.matchAll({ type: "window", includeUncontrolled: true });
}

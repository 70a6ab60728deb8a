/**
 * Adds a form to each call of the plain page at `/schema`, which the gateway makes of the OpenAPI document. Without
 * this script the page is complete but for these forms.
 */
import { render } from "preact";
import { start } from "../session/session";
import { startTheme } from "../theme";
import "../style/base.css";
import "../style/controls.css";
import "../style/reference.css";
import { Authorization } from "./authorization";
import { CallForm } from "./call_form";
import { CallFilter } from "./call_filter";
import type { OpenApi } from "./document";

let loading: Promise<OpenApi> | null = null;

/** Loaded when the first call is opened; again after it could not be. */
function load(): Promise<OpenApi> {
  loading ??= fetch("schema/openapi.json").then(async (answer) => {
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return (await answer.json()) as OpenApi;
  });
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

async function addForm(call: HTMLDetailsElement, place: HTMLElement): Promise<void> {
  const { method = "", path = "" } = call.dataset;
  try {
    const document = await load();
    const operation = document.paths[path]?.[method];
    if (operation) render(<CallForm id={call.id} {...{ document, method, path, operation }} />, place);
  } catch {
    render(<p class="error" role="alert">The form could not be loaded. Close and open this call to try again.</p>, place);
  }
}

function prepareCall(call: HTMLDetailsElement): void {
  const place = document.createElement("div");
  call.querySelector("summary")?.after(place);
  call.addEventListener("toggle", () => {
    if (call.open && !place.querySelector("form")) void addForm(call, place);
  });
}

/** Opens what a link leads to. */
function openTarget(): void {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

// Paths of calls are relative to the page, whose address may end with a slash.
if (location.pathname.endsWith("/")) history.replaceState(null, "", location.pathname.replace(/\/+$/, "") + location.hash);
startTheme();
void start();
const calls = [...document.querySelectorAll<HTMLDetailsElement>("details[data-path]")];
calls.forEach(prepareCall);
render(<><Authorization /><CallFilter calls={calls} /></>, document.getElementById("tools")!);
addEventListener("hashchange", openTarget);
openTarget();

import { render } from "preact";
import { App } from "./app";
import { start } from "./session/session";
import { startLanguage } from "./texts";
import { startTheme } from "./theme";

startTheme();
void start();
// Texts first: otherwise the page would be seen in English and then in another language.
void startLanguage().finally(() => render(<App />, document.getElementById("page")!));

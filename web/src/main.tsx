import { render } from "preact";
import { startConfirmation } from "./account/confirmation";
import { startRole } from "./admin/role";
import { App } from "./app";
import { startNotifications } from "./conversions/notifications";
import { finishSignIn } from "./session/providers";
import { start } from "./session/session";
import { startLanguage } from "./texts";
import { startTheme } from "./theme";
import { startSharing } from "./uploads/shared_files";

startTheme();
startConfirmation();
startRole();
startNotifications();
void finishSignIn().then(start);
// Texts first: otherwise the page would be seen in English and then in another language.
void startLanguage().finally(() => {
  render(<App />, document.getElementById("page")!);
  void startSharing();
});

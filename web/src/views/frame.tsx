/** What surrounds every view: header, footer, notices. */
import { isAdmin } from "../admin/role";
import { IconButton, Select } from "../parts/controls";
import { Icon, Logo } from "../parts/icon";
import { dismiss, notice } from "../notices";
import { route } from "../route";
import { signOut, state } from "../session/session";
import { chooseLanguage, isLanguage, language, LANGUAGES, texts } from "../texts";
import { chooseTheme, theme, THEMES } from "../theme";

export function Header() {
  const t = texts.value;
  return (
    <header class="header">
      <h1><a href="./"><Logo />{t.title}</a></h1>
      {state.value === "signed-in" && (
        <nav aria-label={t.account}>
          {isAdmin.value && (
            <a class="button quiet" href="#admin" aria-current={route.value === "admin" ? "page" : undefined}>
              <Icon name="options" /><span>{t.admin.link}</span>
            </a>
          )}
          <a class="button quiet" href="#account" aria-current={route.value === "account" ? "page" : undefined}>
            <Icon name="user" /><span>{t.account}</span>
          </a>
          <button type="button" class="quiet" onClick={() => void signOut().catch(() => undefined)}>
            <Icon name="leave" /><span>{t.signOut}</span>
          </button>
        </nav>
      )}
    </header>
  );
}

export function Footer() {
  const t = texts.value;
  return (
    <footer class="footer">
      <Select label={t.language} value={language.value} choices={Object.entries(LANGUAGES)}
        onChange={(chosen) => isLanguage(chosen) && void chooseLanguage(chosen)} />
      <Select label={t.theme.label} value={theme.value} choices={THEMES.map((each) => [each, t.theme[each]] as const)}
        onChange={(chosen) => chooseTheme(THEMES.find((each) => each === chosen) ?? "auto")} />
      <a href="./schema">{t.api}</a>
    </footer>
  );
}

export function Notices() {
  const held = notice.value;
  return (
    <div class="notices" role="status" aria-live="polite">
      {held && (
        <p class={held.kind}>
          <Icon name={held.kind === "done" ? "check" : "alert"} />
          <span>{held.text}</span>
          <IconButton icon="close" label={texts.value.dismiss} onClick={dismiss} />
        </p>
      )}
    </div>
  );
}

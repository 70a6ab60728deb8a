/** The words of push messages. Apart from the page's texts, because the service worker is one file. */
export interface Words {
  completed: string;
  failed: string;
}

const EN: Words = { completed: "Your audio is ready", failed: "A video could not be converted" };
const DE: Words = { completed: "Ihre Audiodatei ist fertig", failed: "Ein Video konnte nicht umgewandelt werden" };

export function wordsIn(language: string | null): Words {
  return language === "de" ? DE : EN;
}

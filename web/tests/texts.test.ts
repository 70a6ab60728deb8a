import { expect, test } from "vitest";
import { preferred } from "../src/texts";
import { de } from "../src/texts/de";
import { en } from "../src/texts/en";

function keys(part: object, path = ""): string[] {
  return Object.entries(part).flatMap(([key, value]) =>
    typeof value === "object" ? keys(value, `${path}${key}.`) : [`${path}${key}`],
  );
}

test("German has every text, also those whose names the compiler does not check", () => {
  expect(keys(de).sort()).toEqual(keys(en).sort());
});

test("the language is the chosen one, else the first that the browser asks for and the page has", () => {
  expect(preferred("de", ["en"])).toBe("de");
  expect(preferred(null, ["fr", "de-AT", "en"])).toBe("de");
  expect(preferred("xx", ["fr"])).toBe("en");
});

/** Numbers for people, in the language of the page. */
import { language } from "./texts";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  const digits = power === 0 || value >= 100 ? 0 : 1;
  return new Intl.NumberFormat(language.value, {
    style: "unit", unit: UNITS[power]!, unitDisplay: power === 0 ? "long" : "short", maximumFractionDigits: digits,
  }).format(value);
}

/** `1:02:03` or `2:03`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function percent(part: number): string {
  return new Intl.NumberFormat(language.value, { style: "percent" }).format(Math.floor(part * 100) / 100);
}

/** "3 minutes ago", or the date when it is longer ago than a week. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  const steps: [number, Intl.RelativeTimeFormatUnit, number][] = [[60, "second", 1], [3600, "minute", 60], [86_400, "hour", 3600], [604_800, "day", 86_400]];
  for (const [below, unit, size] of steps) {
    if (Math.abs(seconds) < below) return relative.format(unit === "second" ? 0 : Math.round(seconds / size), unit === "second" ? "minute" : unit);
  }
  return date(time);
}

export function date(time: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium" }).format(new Date(time));
}

export function moment(time: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

export function clock(time: string): string {
  return new Intl.DateTimeFormat(language.value, { timeStyle: "short" }).format(new Date(time));
}

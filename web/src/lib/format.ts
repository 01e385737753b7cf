/** Numbers, times and names as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `count(1182, "picture")` is `1,182 pictures`. */
export function count(n: number, noun?: string, plural = `${noun}s`): string {
  return noun === undefined ? whole.format(n) : `${whole.format(n)} ${n === 1 ? noun : plural}`;
}

/** Seconds as `43 ms` or `1.2 s`. */
export function took(seconds: number): string {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
}

/** Bytes as `340 kB` or `1.2 GB`. */
export function bytes(n: number): string {
  const power = n < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(n) / 3));
  const value = n / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : whole.format(value)} ${UNITS[power]}`;
}

/** Seconds as `12 s`, `4 min` or `2 h 10 min`. */
export function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** An ISO date as the reader's system writes it. */
export const day = (iso: string): string => written(date, iso);

/** An ISO moment as the reader's system writes it. */
export const dayAndTime = (iso: string): string => written(moment, iso);

/** The last part of a path. */
export const nameOf = (path: string): string => path.split(/[/\\]/).pop() || path;

/** How common such closeness is: `1 in 40,000`. */
export function chance(probability: number): string {
  return probability < 1e-6 ? "fewer than 1 in 1,000,000" : `1 in ${whole.format(1 / probability)}`;
}

/** The server's sentences begin in lower case, for a terminal, and have no full stop. */
export function asSentence(text: string): string {
  const words = text.trim();
  return words && `${words[0]!.toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
}

function written(format: Intl.DateTimeFormat, iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : format.format(time);
}

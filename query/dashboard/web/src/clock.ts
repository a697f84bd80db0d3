// Rome's clock. A day or an hour is computed from Rome's distance to UTC, and
// never read out of a text that a browser has written for people. Times are
// milliseconds since 1970.

export const HOUR = 3600e3;
const DAY = 24 * HOUR;
const ZONE = "Europe/Rome";

const parts = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
  timeZone: ZONE, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
  year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
});

// ahead is how far Rome's clock is ahead of UTC.
function ahead(at: number): number {
  const whole = Math.floor(at / 1000) * 1000;
  const part: Record<string, number> = {};
  for (const { type, value } of parts.formatToParts(whole)) part[type] = Number(value);
  return Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second) - whole;
}

const twoDigits = (n: number) => String(n).padStart(2, "0");

// hourBegin is the begin of the hour in which a time lies. Rome is whole hours
// ahead of UTC, so that its hours begin with UTC's.
export const hourBegin = (at: number): number => Math.floor(at / HOUR) * HOUR;

// romeDay is Rome's date, as the API wants it; days later, or before.
export const romeDay = (at: number, days = 0): string => isoDate(Math.floor((at + ahead(at)) / DAY) + days);
const isoDate = (day: number) => new Date(day * DAY).toISOString().slice(0, 10);

// instant writes a time as the API wants it.
export const instant = (at: number): string => new Date(at).toISOString().replace(".000", "");

// romeHour is the hour on the clock, "00" to "23".
export const romeHour = (at: number): string => twoDigits(Math.floor(((((at + ahead(at)) % DAY) + DAY) % DAY) / HOUR));

export const zone = (at: number): "summer" | "winter" => (ahead(at) > HOUR ? "summer" : "winter");

// changes tells whether the clock is moved at the begin or the end of an hour: then
// the hour on the clock alone does not say which one is meant.
export const changes = (at: number): boolean => ahead(at - HOUR) !== ahead(at) || ahead(at) !== ahead(at + HOUR);

// format writes a time for people.
export const format = (language: string, at: number, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language, { timeZone: ZONE, calendar: "gregory", ...options }).format(at);

// The server's clock, as its last answer had it: this machine's may be wrong.
let skew = 0;
export const now = (): number => Date.now() + skew;
export const setClock = (server: string): void => {
  const at = Date.parse(server);
  if (!Number.isNaN(at)) skew = at - Date.now();
};

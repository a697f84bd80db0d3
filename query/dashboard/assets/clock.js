// Rome's clock. A day or an hour is computed from Rome's distance to UTC, and
// never read out of a text that a browser has written for people.

export const HOUR = 3600e3; // Milliseconds, like all times here.
const DAY = 24 * HOUR;
const ZONE = "Europe/Rome";

const parts = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
  timeZone: ZONE, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
  year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
});

// ahead is how far Rome's clock is ahead of UTC.
function ahead(at) {
  const whole = Math.floor(at / 1000) * 1000;
  const part = {};
  for (const { type, value } of parts.formatToParts(whole)) part[type] = Number(value);
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - whole;
}

const twoDigits = (n) => String(n).padStart(2, "0");

// hourBegin is the begin of the hour in which a time lies. Rome is whole hours
// ahead of UTC, so that its hours begin with UTC's.
export const hourBegin = (at) => Math.floor(at / HOUR) * HOUR;

// romeDay and romeNextDay are Rome's date and the one after it, as the API wants them.
export const romeDay = (at) => isoDate(Math.floor((at + ahead(at)) / DAY));
export const romeNextDay = (at) => isoDate(Math.floor((at + ahead(at)) / DAY) + 1);
const isoDate = (day) => new Date(day * DAY).toISOString().slice(0, 10);

// instant writes a time as the API wants it.
export const instant = (at) => new Date(at).toISOString().replace(".000", "");

// romeHour is the hour on the clock, "00" to "23".
export const romeHour = (at) => twoDigits(Math.floor((((at + ahead(at)) % DAY) + DAY) % DAY / HOUR));

// zone is "summer" or "winter".
export const zone = (at) => (ahead(at) > HOUR ? "summer" : "winter");

// changes tells whether the clock is moved at the begin or the end of an hour:
// then the hour on the clock alone does not say which one is meant.
export const changes = (at) => ahead(at - HOUR) !== ahead(at) || ahead(at) !== ahead(at + HOUR);

// format writes a time for people.
export const format = (lang, at, options) =>
  new Intl.DateTimeFormat(lang, { timeZone: ZONE, calendar: "gregory", ...options }).format(at);

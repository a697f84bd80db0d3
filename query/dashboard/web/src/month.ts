// Months as the API writes them, 2026-10, and what comes before and after.

// monthOf is the month of a day.
export const monthOf = (day: string): string => day.slice(0, 7);

// later is a month some months later, or before.
export function later(month: string, by: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const all = year * 12 + number - 1 + by;
  return `${Math.floor(all / 12)}-${String((all % 12) + 1).padStart(2, "0")}`;
}

// isMonth tells whether a text is one.
export const isMonth = (text: string | undefined): text is string => /^\d{4}-(0[1-9]|1[0-2])$/.test(text ?? "");

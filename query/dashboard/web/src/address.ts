// The state of the page is its address: the view is the last segment, what it is
// asked for are the parameters, under the names that the API has for them.

export const VIEWS = ["today", "trend", "map", "heatmap", "ranking", "compare", "reasons", "participation", "place", "quality", "bulletin", "network"] as const;
// DESK is where a body looks after its own: for who has signed in.
export const DESK = "body" as const;
// NOTICES have addresses as views do; they are linked to from the foot of the page.
export const NOTICES = ["accessibility", "privacy"] as const;
export type ViewName = (typeof VIEWS)[number] | (typeof NOTICES)[number] | typeof DESK;

export type Parameters = Readonly<Record<string, string>>;

export interface State {
  readonly view: ViewName;
  readonly parameters: Parameters; // As in the address, without what tools add to it.
}

// What tools add to addresses. The API ignores it, and so does the page.
const NOISE = /^(utm_.*|fbclid|gclid|_)$/;

// The page may be served under any path, and its modules lie in assets/ below it.
const root = new URL("../", import.meta.url);
export const address = (path: string): string => new URL(path, root).href;

// parse reads an address; what is no view is the first one.
export function parse(href: string): State {
  const url = new URL(href);
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const view = ([...VIEWS, ...NOTICES, DESK] as const).find((name) => name === last) ?? "today";
  const parameters: Record<string, string> = {};
  for (const [key, value] of url.searchParams) {
    if (value === "" || NOISE.test(key)) continue;
    parameters[key] = key in parameters ? `${parameters[key]},${value}` : value;
  }
  return { view, parameters };
}

// write is the address of a state, relative to the page's root. What is empty is
// left out, so that one state has one address.
export function write(view: ViewName, parameters: Record<string, string | null | undefined>): string {
  const query = queryOf(parameters);
  return (view === "today" ? "./" : view) + (query && `?${query}`);
}

// queryOf writes parameters; commas, which lists have, stay as they are.
export function queryOf(parameters: Record<string, string | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== "" && value !== null && value !== undefined) search.set(key, value);
  }
  return search.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
}

// changed are the parameters of a state with some parameters changed; null takes one away.
export const changed = (state: State, change: Record<string, string | null>): Record<string, string | null> => ({ ...state.parameters, ...change });

// only keeps the parameters of some names.
export const only = (parameters: Parameters, ...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => names.includes(key)));

// PLACE and FILTERS are the parameters by which the API filters.
export const PLACE = ["macro_area", "region", "province", "comune"] as const;
export const FILTERS = [...PLACE, "population_class", "small", "office", "service", "category", "channel", "weekday", "hour_of_day", "day_kind", "working_day"] as const;
export const TIME = ["period", "from", "to"] as const;

// filtersOf are the time and the filters of a state, with a period where it has none.
export function filtersOf(state: State, period: string): Record<string, string> {
  const time = only(state.parameters, ...TIME);
  return { ...(Object.keys(time).length > 0 ? time : { period }), ...only(state.parameters, ...FILTERS) };
}

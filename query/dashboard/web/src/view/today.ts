// Today, as it comes: the faces, where, at what hour, why, and whether all is counted.

import { changed, FILTERS, only, write, type State } from "../address.ts";
import { Again, troubleOf, type Trouble } from "../again.ts";
import { absence, counts as countsOf, type Figures, type Keys, type Ledger, type LiveCounts, type Reasons, type Stats as Answered } from "../answers.ts";
import { get, signedIn, together, type Answers, type Ask } from "../ask.ts";
import { bars, type Bars } from "../chart/bars.ts";
import { stacked, type Bar, type Stacked } from "../chart/stacked.ts";
import { hourBegin, now, romeDay, romeHour } from "../clock.ts";
import { h, text } from "../elements.ts";
import { leftOut, leftOutTitle, share } from "../explain.ts";
import { Live, stream, streams, within, type Counts } from "../live.ts";
import { motiveOf, reasonsOf, sentence } from "../motives.ts";
import { panel } from "../panel.ts";
import { places } from "../picker.ts";
import { freshness, pulse, reckoning } from "../pulse.ts";
import { Regions } from "../regions.ts";
import { rows as tableOf } from "../table.ts";
import { Tally } from "../tally.ts";
import type { Shown, View } from "../view.ts";
import * as words from "../words.ts";
import { hourRange, language, longDate, number, say, span, zoneNote } from "../words.ts";
import { browser } from "../world.ts";

const EVERY = 10000; // Milliseconds between two looks at the ledger,
const SELDOM = 60000; // and between two questions for figures while votes come by themselves.
const TOP = 8; // Comuni shown.

type Row = Figures & Keys;
type Stats = Omit<Answered, "rows"> & { rows: Row[] };

const filters = (state: State): Record<string, string> => only(state.parameters, ...FILTERS);
const regionsOf = (state: State): string[] => state.parameters.region?.split(",") ?? [];

// alone tells whether events, which are by region, say all that is asked for.
const alone = (state: State): boolean => Object.keys(filters(state)).every((name) => name === "region");
// listens tells whether they can be had: EventSource sends no token.
const listens = (state: State): boolean => alone(state) && streams() && !signedIn();
const wide = (state: State): boolean => !("comune" in state.parameters || "province" in state.parameters);

function asks(state: State): Ask[] {
  const of = filters(state);
  const { region: _, ...country } = of;
  const today = { period: "today", ...of };
  return [
    { id: "today", path: "/v1/stats", parameters: today },
    { id: "hours", path: "/v1/stats", parameters: { from: "now-23h", to: "now", ...of, group: "hour", fill: "zero" } },
    { id: "comuni", path: "/v1/stats", parameters: { ...today, group: "comune", top: String(TOP), names: language() } },
    { id: "reasons", path: "/v1/reasons", parameters: today },
    ...(wide(state) ? [{ id: "regions", path: "/v1/stats", parameters: { period: "today", ...country, group: "region" } }] : []),
  ];
}

export const view: View = { period: "today", controls: ["place", "service", "channel"], asks, show: async (shown) => (await Today.begin(shown)).parts };

const plain = ({ green, yellow, red, n }: Figures): Counts | null =>
  n === null ? null : green === null || yellow === null || red === null ? { n } : { n, green, yellow, red };

// A Today is the view while it is seen.
class Today {
  readonly parts: Node[];
  private readonly state: State;
  private readonly asks: Ask[];
  private readonly live: Live | null;
  private readonly ledger: Again<Ledger>;
  private day = ""; // Of what is shown.
  private answered: { total: Counts | null; regions: ReadonlyMap<string, Counts> } = { total: null, regions: new Map() };
  private lots = false;
  private asked = ""; // How far the count had come when figures were asked for last, and
  private at = 0; // when that was.
  private trouble: Trouble = "";
  private frameDue = false;
  private asking = false;
  private own = false;

  private readonly line = h("p", { class: "pulse" }, h("span", { class: "sign", "aria-hidden": "true" }));
  private readonly says = h("strong", { role: "status" });
  private readonly fresh = h("span", { class: "fresh" });
  private readonly notice = h("p", { class: "notice", role: "alert", hidden: true });
  private readonly date = h("p", { class: "when" });
  private readonly kept = h("p", { class: "reckoning" });
  private readonly rest = h("div");
  private readonly restTitle = h("summary");
  private readonly left = h("details", { class: "quiet", hidden: true }, this.restTitle, this.rest);
  private readonly why = h("p", { class: "quiet" });
  private readonly hidden = h("p", { class: "absent", hidden: true });
  private readonly help = h("span");
  private readonly when = h("p", { class: "when" });
  private readonly comuni = h("div");
  private readonly tally: Tally;
  private readonly regions: Regions | null;
  private readonly hours: { -readonly [K in keyof Stacked]: Stacked[K] };
  private readonly reasons: { -readonly [K in keyof Bars]: Bars[K] };
  private readonly frames;

  static async begin(shown: Shown): Promise<Today> {
    const named = wide(shown.state) ? (await places()).filter(({ level }) => level === "region").sort((a, b) => (a.code < b.code ? -1 : 1)) : [];
    return new Today(shown, named);
  }

  constructor(shown: Shown, named: readonly { code: string; name: string }[]) {
    const { state, answers, signal } = shown;
    this.state = state;
    this.asks = asks(state);
    const subject = { title: say("measure_green_share"), ask: this.asks[0]! };
    this.tally = new Tally(subject);
    const hrefOf = (region: string) => write("today", changed(state, { region, province: null, comune: null }));
    this.regions = named.length > 0 ? new Regions(named, { ...subject, ask: this.ask("regions") }, regionsOf(state), hrefOf) : null;
    this.hours = { title: say("today_hours"), bars: [], parts: false, height: 12 };
    this.reasons = { ...reasonsOf(undefined, "red", words) };
    this.frames = { hours: shown.frame(stacked, this.hours), reasons: shown.frame(bars, this.reasons) };
    put(this.line, this.says, this.fresh);
    this.parts = this.lay();
    this.take(answers);
    this.live = listens(state) ? new Live(browser, stream, () => this.paint()) : null;
    this.ledger = new Again<Ledger>(browser, EVERY, (under) => get<Ledger>("v1/ledger", under), () => void this.told(signal));
    this.attend(signal);
  }

  private ask(id: string): Ask {
    return this.asks.find((one) => one.id === id)!;
  }

  private lay(): Node[] {
    const { hours, reasons } = this.frames;
    return [
      h("div", { class: "now" }, this.line, this.notice), h("div", {}, this.date, this.tally.element, this.kept, this.left),
      h("div", { class: "columns" },
        panel({ id: "hours", title: say("today_hours"), ask: this.ask("hours"), when: this.when, frame: hours, note: this.help }, this.hidden),
        panel({ id: "why", title: say("today_reasons"), ask: this.ask("reasons"), frame: reasons }, this.why, h("p", {}, h("a", { href: write("reasons", only(this.state.parameters, ...FILTERS, "lang")) }, say("today_reasons_more"))))),
      h("div", { class: "columns" },
        ...(this.regions ? [panel({ id: "regions", title: say("today_regions"), ask: this.ask("regions") }, this.regions.element)] : []),
        ...("comune" in this.state.parameters ? [] : [panel({ id: "comuni", title: say("today_comuni"), ask: this.ask("comuni") }, this.comuni)])),
    ];
  }

  // attend goes on until the signal.
  private attend(signal: AbortSignal): void {
    const wake = () => { this.live?.wake(); this.ledger.wake(); };
    document.addEventListener("visibilitychange", wake, { signal });
    window.addEventListener("online", wake, { signal });
    const tick = setInterval(() => document.hidden || this.paint(), 1000);
    signal.addEventListener("abort", () => { clearInterval(tick); this.live?.end(); this.ledger.rest(); });
    wake();
    this.paint();
  }

  // told is called with each look at the ledger: figures are asked for where they may
  // have changed since.
  private async told(signal: AbortSignal): Promise<void> {
    const { data } = this.ledger;
    this.paint();
    if (!data || this.asking) return;
    this.live?.ledger(data.totals.counted);
    const stamp = `${data.totals.next_offset} ${hourBegin(now())}`;
    const often = this.live?.link === "live" ? SELDOM : 0;
    const turned = stamp.slice(stamp.indexOf(" ")) !== this.asked.slice(this.asked.indexOf(" "));
    if (this.trouble === "" && (stamp === this.asked || (!turned && now() - this.at < often))) return;
    this.asking = true;
    try {
      const answers = await together(this.asks, signal);
      this.trouble = "";
      this.take(answers);
      this.asked = stamp;
    } catch (error) {
      if (signal.aborted) return;
      this.trouble = troubleOf(error);
      if (this.trouble === "own") console.error(error);
    } finally {
      this.asking = false;
    }
    this.paint();
  }

  // take shows what was answered.
  private take(answers: Answers): void {
    const { meta, rows } = answers.of<Stats>("today");
    this.at = now();
    this.day = romeDay(Date.parse(meta.from));
    this.lots = meta.disclosure === "lots";
    const regions = (wide(this.state) ? answers.maybe<Stats>("regions")?.rows ?? [] : []).map((row) => [row.region!, plain(row)] as const);
    this.answered = { total: this.lots ? null : plain(rows[0]!), regions: new Map(regions.filter((row): row is [string, Counts] => row[1] !== null)) };
    const rest = leftOut(meta);
    this.left.hidden = rest === null;
    if (rest) replace(this.rest, rest);
    text(this.restTitle, leftOutTitle(meta));
    this.takeHours(answers.maybe<Stats>("hours"));
    const reasons = answers.maybe<Reasons>("reasons");
    const motive = motiveOf(reasons?.rows ?? [], "red");
    Object.assign(this.reasons, reasonsOf(motive, "red", words));
    text(this.why, this.lots ? say("today_reasons_lots") : sentence(motive, words));
    this.frames.reasons.element.hidden = this.reasons.rows.length === 0;
    this.frames.reasons.draw();
    this.takeComuni(answers.maybe<Stats>("comuni")?.rows ?? []);
  }

  private takeHours(hours: Stats | null): void {
    const all = hours?.rows ?? [];
    this.hours.bars = all.map((row): Bar => {
      const at = Date.parse(row.hour!);
      const why = absence(row);
      return { name: hourRange(at), short: [romeHour(at), ...zoneNote(at)], counts: countsOf(row), n: row.n, running: (row as { running?: boolean }).running ?? false, absent: why === "none" || why === null ? undefined : why };
    });
    const shown = all.some((row) => row.n !== null);
    this.hidden.hidden = shown;
    text(this.help, shown ? say("today_hours_note") : "");
    if (!shown) text(this.hidden, say(this.lots ? "today_hours_lots" : "absent_withheld_long"));
    this.frames.hours.element.hidden = !shown;
    if (hours) text(this.when, span(Date.parse(hours.meta.from), Date.parse(hours.meta.to)));
    this.frames.hours.draw();
  }

  private takeComuni(rows: readonly Row[]): void {
    if (this.comuni.contains(document.activeElement)) return; // Who stands there is not pushed off.
    const found = rows.filter((row) => row.n !== null);
    const ask = this.ask("comuni");
    replace(this.comuni, found.length === 0 ? h("p", { class: "absent" }, say(this.lots ? "today_later_long" : "absent_none_long"))
      : tableOf(say("today_comuni"), [say("comune_title"), say("votes"), say("measure_green_share")], [false, true, true], found.map((row) => [
        h("a", { href: write("place", { ...only(this.state.parameters, "lang"), comune: row.comune! }) }, row.comune_name ?? row.comune!), number(row.n!),
        share(row, "green", { title: `${row.comune_name ?? row.comune}: ${say("measure_green_share")}`, ask, of: { comune: row.comune! } })])));
  }

  // paint shows what there is, at the next frame.
  private paint(): void {
    if (this.frameDue) return;
    this.frameDue = true;
    requestAnimationFrame(() => {
      this.frameDue = false;
      try {
        this.show();
      } catch (error) { // The page's own: said, and no reason to stop.
        if (!this.own) console.error(error);
        this.own = true;
      }
    });
  }

  private show(): void {
    const at = now();
    const heard = this.live?.counts ?? null;
    const { total, regions, day } = this.newest(heard);
    this.tally.show(total, this.lots, at);
    this.regions?.show(regions, this.lots);
    text(this.date, longDate(Date.parse(`${day}T12:00:00Z`)));
    const signs = {
      link: this.live?.link ?? ("asks" as const), since: this.live?.since ?? 0, grown: this.live?.grown ?? 0, lots: this.lots,
      ledger: this.ledger, figures: { at: this.at, trouble: this.own ? ("own" as const) : this.trouble },
    };
    const { state, notice } = pulse(signs, at, words);
    this.line.dataset.state = state;
    text(this.says, say(`live_${state}`));
    text(this.notice, notice);
    this.notice.hidden = notice === "";
    text(this.fresh, freshness(signs, at, words));
    if (this.ledger.data) this.reckon(this.ledger.data);
  }

  // newest is what was heard or what was answered, whichever is of more votes.
  private newest(heard: LiveCounts | null): { total: Counts | null; regions: ReadonlyMap<string, Counts>; day: string } {
    const { answered, day } = this;
    if (!heard || heard.day < day) return { ...answered, day };
    const total = within(heard, regionsOf(this.state));
    if (heard.day === day && answered.total && answered.total.n > total.n) return { ...answered, day };
    this.lots = heard.disclosure === "lots";
    return { total, regions: new Map(heard.regions.map((row) => [row.region, row])), day: heard.day };
  }

  private reckon(ledger: Ledger): void {
    const { good, says } = reckoning(ledger, words);
    this.kept.dataset.good = String(good);
    if (this.kept.firstChild === null) put(this.kept, h("span"), h("a", { href: write("quality", only(this.state.parameters, ...FILTERS, "lang")) }, say("today_ledger")));
    text(this.kept.firstElementChild!, says);
  }
}

const put = (element: Element, ...inside: Node[]): void => element.append(...inside.flatMap((one) => [one, " "]));
const replace = (element: Element, ...inside: Node[]): void => element.replaceChildren(...inside);

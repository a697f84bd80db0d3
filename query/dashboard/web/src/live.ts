// The votes of today as they come, by server-sent events.
//
// A browser's EventSource comes back by itself where its connection breaks, and does not
// where the server says no (503: too many listeners), or where the connection is there
// and carries nothing any more. Those two are seen to here.

import { address } from "./address.ts";
import type { LiveCounts } from "./answers.ts";
import type { Face } from "./figures.ts";
import { patience, type World } from "./world.ts";

// Counts are the votes of a day; without faces where these are not published yet.
export type Counts = Pick<LiveCounts, "n" | Face>;

// A Link is whether votes come: connecting for the first time, or again, since not long;
// live; or cut.
export type Link = "connecting" | "live" | "cut";

const GRACE = 8000; // Milliseconds in which a browser comes back without anybody being told.
const FIRST = 2000; // After which a stream that was refused is asked for again,
const MOST = 60000; // and how long at most, the longer the more often it was.
const DEAF = 20000; // Votes are counted and none is heard of: the connection is dead.
const BEHIND = 60000; // For so long a process that is behind is not believed.

// A Source is as much of an EventSource as there must be.
export interface Source {
  readonly readyState: number;
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: "counts", heard: (event: { data: string }) => void): void;
  close(): void;
}
const CLOSED = 2;

export const streams = (): boolean => typeof EventSource === "function";
export const stream = (): Source => new EventSource(address("v1/live")) as unknown as Source;

// A Live listens while the page is seen. Wake it to begin.
export class Live {
  link: Link = "connecting";
  since: number; // When votes stopped coming, or nobody had listened yet.
  counts: LiveCounts | null = null;
  grown = 0; // When more votes were heard of than before.
  private source: Source | null = null;
  private failures = 0;
  private heardAt = 0; // When counts came that were believed.
  private counted = -1; // By the ledger, when it was last asked,
  private known = -1; // and as much of it as has been heard of.
  private doubted = 0; // Since when more is counted than was heard of; 0 for never.
  private cancel = () => {};

  constructor(private readonly world: World, private readonly open: () => Source, private readonly changed: () => void) {
    this.since = world.now();
  }

  // wake listens, at once, unless it does already or nobody sees the page.
  wake(): void {
    if (this.world.hidden()) return this.rest();
    if (this.source && this.source.readyState !== CLOSED) return;
    this.begin();
  }

  // rest stops listening until the next wake.
  rest(): void {
    this.end();
    if (this.link === "live") this.lost("connecting"); // Nothing is wrong; it will be listened to again.
  }

  end(): void {
    this.cancel();
    this.source?.close();
    this.source = null;
  }

  // ledger tells how many votes are counted by now. Where more are than were heard of,
  // for some time, the connection is dead without anybody having noticed.
  ledger(counted: number): void {
    this.counted = counted;
    if (this.known < 0) this.known = counted;
    if (!this.source || this.link !== "live" || counted <= this.known) this.doubted = 0;
    else if (this.doubted === 0) this.doubted = this.world.now();
    else if (this.world.now() - this.doubted >= DEAF) {
      this.lost("connecting");
      this.begin();
    }
  }

  private begin(): void {
    this.end();
    this.doubted = 0;
    const source = this.open();
    this.source = source;
    source.onopen = () => this.source === source && this.connected();
    source.onerror = () => this.source === source && this.failed(source);
    source.addEventListener("counts", ({ data }) => this.source === source && this.heard(JSON.parse(data) as LiveCounts));
    this.graceful();
  }

  private connected(): void {
    this.failures = 0;
    this.cancel();
    if (this.link === "live") return;
    this.link = "live";
    this.changed();
  }

  private heard(counts: LiveCounts): void {
    this.connected();
    this.doubted = 0;
    this.known = this.counted;
    if (this.behind(counts)) return;
    this.heardAt = this.world.now();
    if (this.counts && (counts.day > this.counts.day ? counts.n > 0 : counts.n > this.counts.n)) this.grown = this.heardAt;
    this.counts = counts;
    this.changed();
  }

  // behind tells whether counts are older than those that there are: who comes back may
  // meet another process, which has not counted as far yet. It will have soon; a
  // log that began anew has not, so that is not held against it for ever.
  private behind({ day, n }: LiveCounts): boolean {
    const had = this.counts;
    if (!had || this.world.now() - this.heardAt >= BEHIND) return false;
    return day < had.day || (day === had.day && n < had.n);
  }

  private failed(source: Source): void {
    if (this.link === "live") this.lost("connecting");
    if (source.readyState !== CLOSED) return this.graceful(); // The browser comes back by itself.
    this.failures++;
    if (this.failures > 1) this.lost("cut");
    this.cancel();
    this.cancel = this.world.after(patience(this.failures, FIRST, MOST, this.world), () => (this.world.hidden() ? this.rest() : this.begin()));
  }

  // graceful says that the connection is cut, if it is not there in a while.
  private graceful(): void {
    if (this.link !== "connecting") return;
    this.cancel();
    this.cancel = this.world.after(GRACE, () => this.lost("cut"));
  }

  private lost(link: Link): void {
    if (this.link === "live") this.since = this.world.now();
    if (this.link === link) return;
    this.link = link;
    this.changed();
  }
}

// within is what counts are of regions; of all where none is named.
export function within(counts: LiveCounts, regions: readonly string[]): Counts {
  if (regions.length === 0) return counts;
  const rows = counts.regions.filter(({ region }) => regions.includes(region));
  const sum = (of: keyof Counts) => rows.reduce((all, row) => all + (row[of] ?? 0), 0);
  const n = sum("n");
  return counts.disclosure === "lots" ? { n } : { n, green: sum("green"), yellow: sum("yellow"), red: sum("red") };
}

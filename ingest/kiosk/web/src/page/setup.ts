// Setting a device up: by a code that somebody made for it, or by a terminal's token.

import type { Device } from "../client/device.ts";
import { configOf, problem, type Answer, type Config, type Net } from "../client/wire.ts";
import { survives } from "./machine.ts";
import type { Key } from "./words.ts";

// Wrong is why a device cannot be set up, for whoever does it.
export class Wrong extends Error {
  constructor(readonly key: Key) { super(key); }
}

export interface Preview { name: string; office: string; channel: string; services: string[]; terminals: number }

const DAY = 86_400_000;
const TERMINALS = 50; // Of one device.

export class Setup {
  constructor(private readonly device: Device, private readonly net: Net, private readonly api: (path: string) => string, private readonly id: () => string) {}

  // token sets a terminal up, or gives one that was set up another token.
  async token(token: string): Promise<void> {
    const answer = await this.ask({ method: "GET", url: this.api("v1/terminals/self/config"), token });
    if (answer.status === 401) throw new Wrong("setup_bad_token");
    if (answer.status !== 200 && !(answer.status === 404 && problem(answer))) throw new Wrong("setup_offline");
    const config = answer.status === 200 ? configOf(answer.body) : null;
    const before = this.sameAs(config);
    if (before) return this.device.exchange(before, token);
    await this.check(answer, config?.test ?? false);
    await this.device.add([token], config);
  }

  // sameAs is the terminal that a configuration is of. Where that cannot be told, the only
  // one is meant if its token is not known any more.
  private sameAs(config: Config | null): string {
    const { terminals } = this.device;
    const same = terminals.find((one) => config?.terminal && one.config?.terminal === config.terminal);
    if (same) return same.key;
    const [only] = terminals;
    const lost = this.device.troubles().some(({ trouble }) => trouble === "token");
    return only && terminals.length === 1 && lost && !(config?.terminal && only.config?.terminal) ? only.key : "";
  }

  async preview(code: string): Promise<Preview> {
    const answer = await this.ask({ method: "POST", url: this.api("v1/claims/preview"), body: { code: plain(code) } });
    if ([400, 404, 410].includes(answer.status) && problem(answer)) throw new Wrong("setup_bad_code");
    const of = answer.body as Partial<Preview> | undefined;
    if (answer.status !== 200 || typeof of?.name !== "string") throw new Wrong("setup_offline");
    const terminals = Number(of.terminals ?? 1);
    if (!Number.isInteger(terminals) || terminals < 1 || terminals > TERMINALS) throw new Wrong("setup_offline");
    await this.check(answer, false);
    return { name: of.name, office: of.office ?? "", channel: of.channel ?? "", services: Array.isArray(of.services) ? of.services : [], terminals };
  }

  // claim makes the device's own tokens and tells the service their sums. What was begun is
  // stored before, so that it is the same claim however often it is sent.
  async claim(code: string, terminals: number): Promise<void> {
    if (this.device.claim?.code !== plain(code)) await this.device.keep({ code: plain(code), claim: this.id(), tokens: Array.from({ length: terminals }, secret) });
    await this.resume();
  }

  async resume(): Promise<void> {
    const { claim } = this.device;
    if (!claim) return;
    const sums = await Promise.all(claim.tokens.map(sum));
    const answer = await this.ask({ method: "POST", url: this.api("v1/claims"), body: { code: claim.code, claim: claim.claim, token_sha256: sums } });
    if ([400, 403, 404, 410].includes(answer.status) && problem(answer)) {
      await this.device.keep(null);
      throw new Wrong("setup_bad_code");
    }
    if (answer.status !== 201) throw new Wrong("setup_offline");
    await this.device.add(claim.tokens);
  }

  // check refuses a browser that would lose votes. A terminal for tests has none to lose.
  private async check(answer: Answer, test: boolean): Promise<void> {
    if (Math.abs(answer.date - Date.now()) > DAY) throw new Wrong("setup_clock");
    if (!await survives()) throw new Wrong("setup_store");
    if (!test && !await navigator.storage.persist()) throw new Wrong("setup_private");
  }

  private async ask(request: Parameters<Net>[0]): Promise<Answer> {
    try {
      return await this.net(request);
    } catch {
      throw new Wrong("setup_offline");
    }
  }
}

// plain is a code as it is compared: people type it with dashes and in small letters.
const plain = (code: string): string => code.toUpperCase().replace(/[^A-Z0-9]/g, "");

function secret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

async function sum(token: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

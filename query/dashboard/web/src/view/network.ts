// The network of those who take part: bodies, what they ordered, and which of their
// terminals are voted at, on a day.

import { address, only, type State } from "../address.ts";
import { callOf, type Ask } from "../ask.ts";
import { across } from "../chart/across.ts";
import { bars } from "../chart/bars.ts";
import { h } from "../elements.ts";
import { told } from "../explain.ts";
import type { Control } from "../filters.ts";
import { apiCall } from "../menu.ts";
import { bodies, COLUMNS, knowledge, lives, nameOf, type By, type Network } from "../network.ts";
import { panel } from "../panel.ts";
import { rows as tableOf } from "../table.ts";
import type { View } from "../view.ts";
import * as words from "../words.ts";
import { date, moment, number, percent, say } from "../words.ts";
import { now } from "../clock.ts";

const by = ({ parameters }: State): By => (parameters.by === "population_class" ? "population_class" : "region");

const controls: readonly Control[] = [
  { day: "at", title: "network_at" },
  { name: "by", title: "network_by", values: () => [["", say("by_region")], ["population_class", say("by_population_class")]] },
];

const asks = (state: State): Ask[] => [{ id: "network", path: "/v1/network", parameters: { ...only(state.parameters, "at"), by: by(state) } }];

const noon = (day: string): number => Date.parse(`${day}T12:00:00Z`);

export const view: View = {
  period: "", controls, asks,
  show(shown) {
    const { state, answers } = shown;
    const [ask] = asks(state) as [Ask];
    const answer = answers.of<Network>("network");
    const { total } = answer;
    const known = knowledge(total);
    const head = say(by(state) === "region" ? "by_region" : "by_population_class");
    const title = say("network_by_title", { by: head });
    const named = answer.rows.map((row) => ({ ...row, name: nameOf(row, by(state), words) }));
    const explained = (of: string) => () => explain(of, ask);
    const when = () => h("p", { class: "when" }, date(noon(answer.at)));
    const whole = say("network_terminals");
    return [
      unknown(answer),
      panel({ id: "terminals", title: whole, ask, when: when(), lead: sentence(answer), note: say("network_terminals_note"), explained: explained(whole),
        frame: shown.frame(across, lives(whole, head, [{ ...total, name: say("nation") }], known, words)) },
        h("p", { class: "quiet" }, say("network_ended", { closed: number(total.terminals_closed), revoked: number(total.terminals_revoked) }))),
      panel({ id: "bodies", title: say("network_bodies"), ask, when: when(), explained: explained(say("network_bodies")),
        lead: say("network_bodies_sentence", { n: number(total.bodies_joined), comuni: number(total.comuni) }),
        frame: shown.frame(bars, bodies(say("network_bodies"), total, words)) }),
      named.length > 0 ? panel({ id: "by", title, ask, when: when(), explained: explained(title), note: say("network_by_note"),
        frame: shown.frame(across, lives(title, head, named.filter((row) => row.terminals_claimed > 0), known, words)) },
        h("details", {}, h("summary", {}, say("network_all")), h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("network_all") },
          tableOf(title, [head, ...COLUMNS.map((name) => say(`network_${name}`))], [false, ...COLUMNS.map(() => true)],
            named.map((row) => [row.name, ...COLUMNS.map((name) => { const n = row[name]; return n === null ? say("network_unknown") : number(n); })]))))) : null,
    ];
  },
};

// unknown says of which terminals it cannot be known whether they are voted at, or live.
function unknown({ known_since: since = null, total }: Network): HTMLElement | null {
  const known = knowledge(total);
  const at = since === null ? "" : moment(Date.parse(since), now());
  if (known === "all" && since === null) return null;
  const says = known === "all" ? say("network_since", { since: at }) : known === "votes" ? say("network_signs_unknown") : since === null ? say("network_unknown_long") : say("network_since_unknown", { since: at });
  return h("p", { class: "notice", id: "known-since" }, says);
}

// sentence says how many of the terminals are voted at.
function sentence({ total: { terminals_claimed: all, terminals_active: active } }: Network): string {
  if (all === 0) return say("network_empty");
  const n = number(all);
  return active === null ? say("network_sentence_unknown", { n }) : say("network_sentence", { n, active: number(active), share: percent(active / all, 0) });
}

// explain says what each figure counts, and which request gives them.
function explain(title: string, ask: Ask): void {
  told(title,
    h("h3", {}, say("network_means")),
    h("dl", {}, ...COLUMNS.flatMap((name) => [h("dt", {}, say(`network_${name}`)), h("dd", {}, say(`network_why_${name}`))])),
    h("h3", {}, say("explain_left_out")), h("p", {}, say("network_left_out")),
    h("h3", {}, say("explain_call")), apiCall(address(callOf(ask))));
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { across, portion, type Across } from "../src/chart/across.ts";
import { bars, type BarRow, type Bars } from "../src/chart/bars.ts";
import type { Mark, Size } from "../src/chart/marks.ts";
import { wrap } from "../src/chart/wrap.ts";
import { spoken } from "./words.ts";

const size = (width = 800): Size => ({ width, line: 20, measure: (content) => 8 * content.length });
const of = (marks: readonly Mark[], name: string) => marks.filter((one) => one.at.class === name);
const texts = (marks: readonly Mark[]) => marks.filter(({ name }) => name === "text").map((one) => one.inside[0]);

const row = (name: string, value: number | null, change: Partial<BarRow> = {}): BarRow => ({ name, value, low: value === null ? null : value / 2, high: value === null ? null : value * 1.5, of: "10 risposte", ...change });
const data = (...rows: BarRow[]): Bars => ({ title: "Motivi", head: "Motivo", measure: "Quota", write: (value) => spoken.percent(value), rows });

test("text is broken between words, and a word that is too long stays whole", () => {
  const f = (text: string, width: number, want: string[]) => assert.deepEqual(wrap(text, width, (one) => one.length), want);
  f("tempo di attesa", 20, ["tempo di attesa"]);
  f("tempo di attesa", 8, ["tempo di", "attesa"]);
  f("precipitevolissimevolmente sì", 8, ["precipitevolissimevolmente", "sì"]);
});

test("bars are as long as their values, from 0 on, with whiskers", () => {
  const { marks, table, stops, legend, summary } = bars(data(row("a", 0.4), row("b", 0.2)), spoken, size());
  const [a, b] = of(marks, "bar");
  assert.ok(Math.abs(Number(a!.at.width) - 2 * Number(b!.at.width)) < 0.1);
  assert.equal(of(marks, "spread").length, 2);
  assert.deepEqual(table.rows, [["a", "40,0% (fra 20,0% e 60,0%)", "10 risposte"], ["b", "20,0% (fra 10,0% e 30,0%)", "10 risposte"]]);
  assert.deepEqual(stops.map(({ says }) => says[1]), ["Quota: 40,0% (fra 20,0% e 60,0%)", "Quota: 20,0% (fra 10,0% e 30,0%)"]);
  assert.deepEqual(legend.map(({ class: name }) => name), ["spread"]);
  assert.equal(summary, "Motivi. a 40,0%; b 20,0%. La tabella ha le stesse cifre.");
});

test("nothing of a bar is outside of its picture, wide or narrow", () => {
  for (const width of [800, 560, 250]) {
    const { marks, height } = bars(data(row("Non capivo se stavo procedendo correttamente", 0.9), row("Altro", 1.4)), spoken, size(width));
    for (const one of marks) {
      const { x = 0, y = 0, width: wide = 0, height: tall = 0 } = one.at as Record<string, number>;
      const letters = one.name === "text" && one.at["text-anchor"] !== "middle" ? 8 * String(one.inside[0]).length : 0;
      assert.ok(x + Math.max(wide, letters) <= width + 40, `${one.name} ${JSON.stringify(one.at)} in ${width}`);
      assert.ok(y + tall <= height);
    }
  }
});

test("long names wrap; where it is narrow they stand above", () => {
  const long = "Non capivo se stavo procedendo correttamente";
  const wide = bars(data(row(long, 0.5)), spoken, size(700));
  assert.equal(of(wide.marks, "name").length, 2);
  const narrow = bars(data(row(long, 0.5)), spoken, size(300));
  assert.equal(Number(of(narrow.marks, "bar")[0]!.at.x), 0);
  assert.ok(Number(of(narrow.marks, "bar")[0]!.at.y) >= 40);
});

test("what is withheld, missing or nothing has no bar, and says so", () => {
  const { marks, table, stops, legend, summary } = bars({ ...data(
    row("q", null, { why: "pochi voti", absent: "withheld" }), row("m", null, { why: "non noto", absent: "missing" }), row("z", null, { of: undefined }), row("0", 0)), unknown: "utenti non comunicati" }, spoken, size());
  assert.deepEqual([of(marks, "withheld").length, of(marks, "missing").length, of(marks, "bar").length], [1, 1, 1]);
  assert.ok(texts(marks).includes("pochi voti") && texts(marks).includes("non noto"));
  assert.deepEqual(table.rows.map((cells) => cells[1]), ["pochi voti", "non noto", "nessun voto", "0,0% (fra 0,0% e 0,0%)"]);
  assert.equal(stops[2]!.says[1], "nessun voto");
  assert.ok(legend.some(({ says }) => says === "utenti non comunicati"));
  assert.match(summary, /^Motivi\. 0 0,0%\./);
});

test("a line at 1 where a value is beyond it", () => {
  const beyond = (...values: number[]) => of(bars({ ...data(...values.map((value) => ({ name: "a", value }))), whole: "100 %" }, spoken, size()).marks, "break").length;
  assert.deepEqual([beyond(0.3, 1), beyond(0.3, 1.2)], [0, 1]);
});

test("one bar, no bars", () => {
  assert.equal(bars(data(row("a", 0.1)), spoken, size()).stops.length, 1);
  const none = bars(data(), spoken, size());
  assert.deepEqual([none.height, none.marks, none.stops, none.table.rows], [0, [], [], []]);
  assert.match(none.summary, /nessun voto/);
});

const whole = (...rows: Across["rows"]): Across => ({ title: "Canali", head: "Canale", pieces: [{ class: "segment green", says: "verde" }, { class: "segment red", says: "rosso" }], rows });

test("parts fill their bar, and what is there at all can be seen", () => {
  const { marks, table, stops } = across(whole({ name: "Totem", parts: [9999, 1], n: "10.000 voti" }), spoken, size());
  const [green, red] = [of(marks, "segment green")[0]!, of(marks, "segment red")[0]!];
  assert.ok(Number(green.at.width) > 790 && Number(red.at.width) >= 1);
  assert.ok(Number(red.at.x) + Number(red.at.width) <= 800);
  assert.deepEqual(table.rows, [["Totem", "9.999 (100,0%)", "1 (< 0,1%)", "10.000 voti"]]);
  assert.deepEqual(stops[0]!.says, ["Totem: 10.000 voti", "verde: 100,0% (9.999)", "rosso: < 0,1% (1)"]);
});

test("below each bar stands what its parts are", () => {
  const { marks } = across(whole({ name: "Totem", parts: [3, 1], n: "4 voti" }), spoken, size(200));
  assert.ok(texts(marks).join(" ").includes("verde 75,0% · rosso 25,0%"));
});

test("parts that are not shown, and wholes of nothing", () => {
  const { marks, table, legend, summary } = across(whole(
    { name: "a", parts: null, n: "pochi voti", absent: "withheld" }, { name: "b", parts: [0, 0], n: "nessun voto" }, { name: "c", parts: null, n: "nessun terminale", absent: "missing" }), spoken, size());
  assert.deepEqual([of(marks, "withheld").length, of(marks, "hollow").length, of(marks, "missing").length, of(marks, "segment green").length], [1, 1, 1, 0]);
  assert.deepEqual(table.rows[0], ["a", "–", "–", "pochi voti"]);
  assert.equal(legend.length, 4);
  assert.match(summary, /a: pochi voti\. b: verde 0,0%/);
  assert.deepEqual(across(whole(), spoken, size()).stops, []);
});

test("a part that is there is never 0 %", () => {
  assert.deepEqual([portion([1, 99999], 0, spoken), portion([0, 5], 0, spoken), portion([0, 0], 1, spoken)], ["< 0,1%", "0,0%", "0,0%"]);
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { correction, generate } from "lean-qr/nano";
import de from "../messages/de/body.json";
import en from "../messages/en/body.json";
import it from "../messages/it/body.json";
import { inOrder as alertsInOrder, sentence } from "../src/body/alerts.ts";
import { emailsOf, hookFault, hooksOf, nextName, thresholdFault } from "../src/body/alert-settings.ts";
import { squares } from "../src/body/card.ts";
import { countFault, kioskFault, officeFault } from "../src/body/claims.ts";
import { newID, path } from "../src/body/desk.ts";
import { membersOn, partOf, to } from "../src/body/names.ts";
import { centsOf, why } from "../src/body/orders.ts";
import type { Alert, AlertFigures, Finding, Kind, Scope, Sign, Terminal } from "../src/body/shapes.ts";
import { chosen, flawsOf, inOrder, type Known, type Wanted } from "../src/body/terminals.ts";
import { speakDesk, wrong } from "../src/body/words.ts";
import { Refused, Silent } from "../src/ask.ts";
import { parse } from "../src/address.ts";
import { speak } from "../src/words.ts";

before(async () => {
  await speak("it");
  await speakDesk();
});

test("the desk has the same values in its messages in each language", () => {
  const values = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();
  for (const other of [en, de]) assert.deepEqual(Object.keys(other), Object.keys(it));
  for (const [key, text] of Object.entries(it)) {
    for (const other of [en, de] as Record<string, string>[]) assert.deepEqual(values(other[key]!), values(text), key);
  }
});

const terminal = (id: string, change: Partial<Terminal> = {}, sign?: Partial<Sign>): Known => ({
  terminal: id, comune: "001263", office: "", channel: "totem", services: ["anagrafe"], state: "active", device: "", enrolled: "2026-11-01T08:00:00Z", closed: null, last_seen: null, last_vote: null, test: false, ...change,
  sign: sign && { terminal: id, state: "ok", waiting: 0, lost: false, copied_at: null, ...sign },
});

test("terminals that need somebody come first: copied, without storage, silent", () => {
  const all = [terminal("a", { state: "closed" }), terminal("b"), terminal("c", { state: "silent" }), terminal("d", {}, { lost: true }), terminal("e", { comune: "001022" }), terminal("g", {}, { state: "silent" }), terminal("h", { state: "silent" }, { state: "silent" }), terminal("f", {}, { copied_at: "2026-11-27T08:00:00Z" })];
  assert.deepEqual(inOrder(all).map((one) => one.terminal), ["d", "f", "c", "g", "h", "e", "b", "a"]);
  assert.deepEqual(flawsOf(all[3]!), ["lost"]);
  assert.deepEqual(flawsOf(all[7]!), ["copied"]);
  const f = (wanted: Wanted, want: string) => assert.equal(chosen(all, wanted).map((one) => one.terminal).join(""), want);
  f("", "abcdeghf");
  f("silent", "ch");
  f("active", "bdegf");
  f("mute", "g");
  f("lost", "d");
  f("copied", "f");
  f("revoked", "");
});

test("what is typed is refused before it is sent, with what is wanted", () => {
  const f = (fault: string, want: string) => assert.equal(fault.includes(want) && (want !== "" || fault === ""), true, `${fault}: want ${want}`);
  f(officeFault(""), "");
  f(officeFault("sportello-unico.1_a"), "");
  f(officeFault("sportello unico"), "lettere");
  f(officeFault("a".repeat(33)), "32");
  f(countFault("60"), "");
  f(countFault("0"), "da 1 a 60");
  f(countFault("61"), "da 1 a 60");
  f(countFault("1.5"), "da 1 a 60");
  f(kioskFault(""), "");
  f(kioskFault("https://totem.example.it/k/"), "");
  f(kioskFault("totem.example.it"), "https://");
  f(kioskFault("javascript:alert(1)"), "https://");
  f(kioskFault("https://totem.example.it/k/#c=x"), "senza «#»");
  f(thresholdFault("red", "7,5"), "");
  f(thresholdFault("red", "51"), "da 1 a 50");
  f(thresholdFault("silence", "100"), "");
  f(thresholdFault("misuse", "4"), "da 5 a 100");
  f(thresholdFault("misuse", ""), "da 5 a 100");
  f(hookFault("https://example.it/x"), "");
  f(hookFault("http://example.it/x"), "https://");
  f(hookFault("https://me@example.it/x"), "https://");
});

test("amounts are read as people write them", () => {
  const f = (text: string, want: number | null) => assert.equal(centsOf(text), want);
  f("400", 40000);
  f("400,5", 40050);
  f("400.50", 40050);
  f("€ 1 200,00", 120000);
  f("1.200,00", null);
  f("-1", null);
  f("", null);
});

test("why a programme does not pay is said in the page's language", () => {
  const f = (rule: Finding["rule"], facts: Finding["facts"], want: string) => assert.equal(why({ rule, wanted: "?", is: "?", facts }).replaceAll("\u00a0", " "), want);
  f("term", { ordered_on: "2012-02-29", from: "2009-10-21", until: "2012-02-28" }, "Il bando paga ordini dal 21 ott 2009 al 28 feb 2012; questo è del 29 feb 2012.");
  f("body", {}, "Dell’ente non è noto nulla.");
  f("body", { ordered_on: "2010-04-15", members: 2 }, "Il bando paga comuni, e unioni che hanno membri il giorno dell’ordine; il 15 apr 2010 i membri erano 2.");
  f("size", { ordered_on: "2010-04-15", residents: 2804766, residents_below: 5000 }, "Il bando paga comuni con meno di 5.000 residenti; il 15 apr 2010 erano 2.804.766.");
  f("size", { ordered_on: "2010-04-15", residents_below: 5000, members: 2, members_percent: 50 }, "Il bando paga unioni in cui almeno il 50 % dei membri ha meno di 5.000 residenti; il 15 apr 2010 erano 0 su 2.");
  f("orders", { orders: 1, number: 2 }, "Ordini pagati per ente: 1; questo è il numero 2.");
  f("bonus", { cents: 40001, cents_max: 40000 }, "Senza firma digitale e PEC il contributo è al più di 400,00 €; qui è di 400,01 €.");
  f("bonus", { cents: 60001, cents_max: 60000, signature_and_pec: true }, "Con firma digitale e PEC il contributo è al più di 600,00 €; qui è di 600,01 €.");
  f("fund", { cents: 150000000, cents_max: 140000000 }, "Il fondo è di 1.400.000,00 €; con questo ordine servirebbero 1.500.000,00 €.");
});

test("addresses are each told once, and a webhook keeps its name as long as it is there", () => {
  assert.deepEqual(emailsOf("urp@comune.it\n\n urp@comune.it, a@b.it;"), { all: ["urp@comune.it", "a@b.it"], fault: "" });
  assert.match(emailsOf("urp@comune.it\nurp").fault, /^urp non è/);
  assert.match(emailsOf(Array.from({ length: 21 }, (_, i) => `a${i}@b.it`).join("\n")).fault, /20/);
  const known = [{ id: "w2", url: "https://a.it/" }];
  assert.deepEqual(hooksOf("https://b.it/\nhttps://a.it/ https://c.it/", known).all, [{ url: "https://b.it/", id: "w1" }, { url: "https://a.it/", id: "w2" }, { url: "https://c.it/", id: "w3" }]);
  assert.match(hooksOf("https://a.it/ ftp://b.it/", known).fault, /https/);
  assert.match(hooksOf("https://a.it/1 https://a.it/2 https://a.it/3 https://a.it/4 https://a.it/5 https://a.it/6", []).fault, /5/);
  assert.equal(nextName([{ id: "w1" }, { id: "w3" }]), "w2");
});

test("members are those of the day, and a name is of one desk", () => {
  const member = (comune: string, from: string | null = null, to: string | null = null) => ({ comune, name: "", from, to });
  const members = [member("001263"), member("001022", "2027-01-01"), member("001175", null, "2026-11-27"), member("001259", "2026-11-27", "2026-11-28")];
  assert.deepEqual(membersOn({ members }, "2026-11-27"), ["001259", "001263"]);
  assert.deepEqual(membersOn({ members }, "2027-01-01"), ["001022", "001263"]);
  const state = parse("https://mlf.example.it/body?ipa=uc_x&part=alerts&state=all&lang=de");
  assert.equal(partOf(state), "alerts");
  assert.equal(partOf(parse("https://mlf.example.it/body?ipa=uc_x&alert=5f0d")), "alerts");
  assert.equal(to(state, { part: "claims" }), "body?ipa=uc_x&lang=de&part=claims");
  assert.equal(partOf(parse("https://mlf.example.it/body?part=else")), "terminals");
  assert.equal(path("uc/x", "claims", "ab"), "v1/bodies/uc%2Fx/claims/ab");
});

test("a request has a name at random", () => {
  const [a, b] = [newID(), newID()];
  assert.match(a, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(a, b);
});

test("the picture is the code, module by module, with light around it", () => {
  const address = "https://totem.example.it/k/#c=BCDFGHJKLMNP";
  const { d, size } = squares(address);
  const code = generate(address, { minCorrectionLevel: correction.M });
  assert.equal(size, code.size + 8);
  const drawn = new Set<string>();
  for (const [, x, y, n] of d.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) for (let i = 0; i < Number(n); i++) drawn.add(`${Number(x) + i} ${y}`);
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) assert.equal(drawn.has(`${x} ${y}`), code.get(x - 4, y - 4), `${x} ${y}`);
});

const figures: AlertFigures = {
  n: 142, negative: 44, share: 0.31, low: 0.24, high: 0.39, baseline: { n: 1204, negative: 217, share: 0.18, low: 0.16, high: 0.2 },
  difference: 0.13, difference_low: 0.055, difference_high: 0.21, p: 0.0004, from: "2026-11-20T00:00:00Z", to: "2026-11-27T00:00:00Z", baseline_from: "2026-09-25T00:00:00Z", baseline_to: "2026-11-20T00:00:00Z", effect: 1.2, left_out: [],
};

test("an alert says how large it is, of how many, and how sure", () => {
  const f = (kind: Kind, scale: Scope["scale"], change: Partial<AlertFigures>, want: string) => assert.equal(sentence({ kind, scope: { ...(scale && { scale }) } }, { ...figures, ...change }), want);
  f("red", "mlf3", {}, "Insoddisfatti: 31,0% (fra 24,0% e 39,0%) di 142 voti. Prima: 18,0% (fra 16,0% e 20,0%) di 1.204 voti. Differenza: +13,0 punti (fra +5,5 e +21,0 punti).");
  f("fall", "stars5", { difference: -0.05, difference_low: -0.1, difference_high: -0.01 }, "Una o due stelle: 31,0% (fra 24,0% e 39,0%) di 142 voti. Prima: 18,0% (fra 16,0% e 20,0%) di 1.204 voti. Differenza: -5,0 punti (fra -10,0 e -1,0 punti).");
  f("misuse", undefined, { n: 1 }, "Voti a raffica: 31,0% (fra 24,0% e 39,0%) di 1 voto. Prima: 18,0% (fra 16,0% e 20,0%) di 1.204 voti. Differenza: +13,0 punti (fra +5,5 e +21,0 punti).");
});

test("alerts that wait for somebody come first, then the newest", () => {
  const alert = (id: string, opened: string, change: Partial<Alert> = {}): Alert => ({ id, kind: "red", scope: {}, state: "open", opened, updated: opened, reopened: 0, acknowledged: null, closed: null, threshold: 5, figures: null, terminals: [], terminals_count: 0, notes: [], deliveries: [], ...change });
  const taken = { by: "maria", at: "2026-11-27T08:00:00Z", note: "" };
  const all = [alert("a", "2026-11-27T08:00:00Z", { state: "closed" }), alert("b", "2026-11-26T08:00:00Z", { acknowledged: taken }), alert("c", "2026-11-20T08:00:00Z"), alert("d", "2026-11-25T08:00:00Z")];
  assert.deepEqual(alertsInOrder(all).map(({ id }) => id), ["d", "c", "b", "a"]);
});

test("what went wrong is said, and whether it may have been done", () => {
  const f = (error: unknown, want: string) => assert.ok(wrong(error).includes(want), wrong(error));
  const refused = (status: number, more: object = {}, wait = 0) => new Refused({ title: "x", status, ...more }, wait);
  f(new Silent("x"), "non si sa se è stato fatto");
  f(refused(503), "ripetere non fa danni");
  f(refused(404), "di un altro ente");
  f(refused(401), "token");
  f(refused(403, { type: "urn:mlf:problem:issuer-needed" }), "127.0.0.1");
  f(refused(409, { type: "urn:mlf:problem:no-webhooks" }), "e-mail");
  f(refused(429, {}, 90000), "90 s");
  f(refused(409, { detail: "want a new id" }), "want a new id");
});

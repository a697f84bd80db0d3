import assert from "node:assert/strict";
import { test } from "node:test";
import { bodies, knowledge, lives, livesOf, nameOf, type Counts, type Knowledge } from "../src/network.ts";
import { spoken } from "./words.ts";

const counts = (change: Partial<Counts> = {}): Counts => ({
  bodies_joined: 10, bodies_ordered: 8, bodies_enrolled: 6, bodies_active: 5, comuni: 12, terminals_ordered: 20, terminals_claimed: 16,
  terminals_active: 10, terminals_idle: 4, terminals_silent: 2, terminals_closed: 1, terminals_revoked: 1, ...change,
});

test("terminals that may vote are active, idle or silent, or it is not known", () => {
  const f = (change: Partial<Counts>, known: Knowledge, want: number[] | null) => assert.deepEqual([knowledge(counts(change)), livesOf(counts(change))], [known, want]);
  f({}, "all", [10, 4, 2]);
  f({ terminals_active: 0 }, "all", [0, 4, 2]);
  f({ terminals_active: null, terminals_idle: null, terminals_silent: null }, "none", null);
  f({ terminals_idle: null, terminals_silent: null }, "votes", [10, 6]);
});

test("rows are drawn by what their terminals do; what is not known is said, and is no zero", () => {
  const unknown = { terminals_active: null, terminals_idle: null, terminals_silent: null };
  const { pieces, rows, unknown: says } = lives("Terminali", "Regione", [{ ...counts(), name: "Piemonte" }, { ...counts(unknown), name: "Lazio" }, { ...counts({ terminals_claimed: 0 }), name: "Molise" }], "all", spoken);
  assert.deepEqual(pieces.map((piece) => piece.says), ["Attivi", "Fermi", "Silenziosi"]);
  assert.deepEqual(rows, [
    { name: "Piemonte", parts: [10, 4, 2], n: "16 terminali" },
    { name: "Lazio", parts: null, n: "16 terminali, non noto", absent: "missing" },
    { name: "Molise", parts: [0, 0, 0], n: "nessun terminale" },
  ]);
  assert.equal(says, "non noto");
  const votes = lives("Terminali", "Regione", [{ ...counts({ terminals_idle: null, terminals_silent: null }), name: "Piemonte" }], "votes", spoken);
  assert.deepEqual([votes.pieces.map((piece) => piece.says), votes.rows[0]!.parts], [["Attivi", "Senza voti: fermi o silenziosi"], [10, 6]]);
});

test("bodies are shown by how far they have come, each with its part of those that joined", () => {
  const f = (change: Partial<Counts>, want: unknown[]) => assert.deepEqual(bodies("Enti", counts(change), spoken).rows.map(({ value, of, why }) => [value, of, why]), want);
  f({}, [[10, undefined, undefined], [8, "80% di chi partecipa", undefined], [6, "60% di chi partecipa", undefined], [5, "50% di chi partecipa", undefined]]);
  f({ bodies_active: null }, [[10, undefined, undefined], [8, "80% di chi partecipa", undefined], [6, "60% di chi partecipa", undefined], [null, undefined, "non noto"]]);
  f({ bodies_joined: 0, bodies_ordered: 0, bodies_enrolled: 0, bodies_active: 0 }, [[0, undefined, undefined], [0, undefined, undefined], [0, undefined, undefined], [0, undefined, undefined]]);
});

test("a row is called by its region or class, and has a name where it is in none", () => {
  const f = (row: object, by: "region" | "population_class", want: string) => assert.equal(nameOf({ ...counts(), ...row }, by, spoken), want);
  f({ region: "01", region_name: "Piemonte" }, "region", "Piemonte");
  f({ region: null, region_name: null }, "region", "Altrove: in più regioni, o in nessuna");
  f({ population_class: "under-5000" }, "population_class", "under-5000");
  f({ population_class: null }, "population_class", "Unioni e altri enti");
});

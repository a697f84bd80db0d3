// What the desk answers, as it reads it: put together of the schemas of the API's description.

import type { components } from "../api.d.ts";

type Schemas = components["schemas"];

export type BodyName = Schemas["Body"];
export type Body = BodyName & Required<Pick<BodyName, "members">>; // As it is answered of one.
export type Member = Body["members"][number];

export const STATES = ["claimed", "active", "idle", "silent", "closed", "revoked"] as const satisfies readonly Schemas["BodyTerminalState"][];
export type State = (typeof STATES)[number];
export type Terminal = Schemas["BodyTerminal"];

// Sign is what a terminal's heartbeats say.
export type Sign = Pick<Schemas["Fleet"]["terminals"][number], "terminal" | "state" | "waiting" | "lost" | "copied_at">;

export type Claim = Schemas["BodyClaim"];
export type WantedClaim = Schemas["WantedClaim"];
export type MadeCode = Schemas["MadeCode"];
export type MadeClaim = Schemas["MadeClaim"];

export type Order = Schemas["BodyOrder"];
export type WantedOrder = Schemas["WantedOrder"];
export interface Finding { readonly rule: string; readonly wanted: string; readonly is: string }

export const KINDS = ["red", "fall", "silence", "misuse"] as const;
export type Kind = (typeof KINDS)[number];
export interface Scope { readonly comuni?: readonly string[]; readonly offices?: readonly string[]; readonly services?: readonly string[]; readonly channels?: readonly string[]; readonly scale?: string }
export interface Share { readonly n: number; readonly negative: number; readonly share: number; readonly low: number; readonly high: number }
export interface AlertFigures extends Share {
  readonly baseline: Share;
  readonly difference: number;
  readonly difference_low: number;
  readonly difference_high: number;
  readonly p: number;
  readonly from: string;
  readonly to: string;
  readonly baseline_from: string;
  readonly baseline_to: string;
  readonly left_out?: readonly string[];
}
export interface Delivery { readonly event: string; readonly target: string; readonly at: string; readonly delivered: boolean; readonly detail: string }
export interface Note { readonly by: string; readonly at: string; readonly text: string }
export interface Alert {
  readonly id: string;
  readonly kind: Kind;
  readonly scope: Scope;
  readonly state: "open" | "closed";
  readonly opened: string;
  readonly closed?: string | null;
  readonly updated: string;
  readonly reopened: number;
  readonly threshold?: number;
  readonly figures?: AlertFigures | null;
  readonly terminals?: readonly string[];
  readonly terminals_count?: number;
  readonly acknowledged: { readonly by: string; readonly at: string; readonly note?: string } | null;
  readonly notes?: readonly Note[];
  readonly deliveries?: readonly Delivery[];
}

export interface Rule { readonly kind: Kind; readonly enabled: boolean; readonly scope: Scope; readonly threshold: number }
export interface Webhook { readonly id: string; readonly url: string }
export interface Settings {
  readonly version: number;
  readonly language: string;
  readonly rules: readonly Rule[];
  readonly webhooks: readonly Webhook[];
  readonly emails: readonly string[];
  readonly quiet_hours: { readonly from: string; readonly to: string } | null;
  readonly by?: string;
  readonly at?: string | null;
  readonly test?: { readonly asked: string; readonly results: readonly Delivery[] } | null;
  readonly secrets?: Readonly<Record<string, string>>; // Of webhooks that are new, this once.
}

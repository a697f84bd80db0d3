// What the desk answers: bodies, terminals, codes, orders, alerts.

// Counted are the terminals of a body: claimed are those of the next three, which are null
// where it is not known which.
export interface Counted { readonly ordered: number; readonly claimed: number; readonly active: number | null; readonly idle: number | null; readonly silent: number | null; readonly closed: number; readonly revoked: number }
export const STATES = ["claimed", "active", "idle", "silent", "closed", "revoked"] as const;
export type State = (typeof STATES)[number];

export interface BodyName { readonly ipa: string; readonly name: string; readonly type: string }
export interface Member { readonly comune: string; readonly name?: string; readonly from?: string | null; readonly to?: string | null }
export interface Body extends BodyName {
  readonly members: readonly Member[];
  readonly joined: string;
  readonly left?: string | null;
  readonly terminals: Counted;
}

export interface Terminal {
  readonly terminal: string;
  readonly comune: string;
  readonly office: string;
  readonly channel: string;
  readonly services: readonly string[];
  readonly state: State;
  readonly device?: string | null;
  readonly enrolled?: string | null;
  readonly closed?: string | null;
  readonly last_seen?: string | null;
  readonly last_vote?: string | null;
  readonly test?: boolean;
}

// Sign is what a terminal's heartbeats say, of GET /v1/fleet.
export interface Sign { readonly terminal: string; readonly state: string; readonly waiting: number | null; readonly lost: boolean | null; readonly copied_at: string | null }

export interface Claim {
  readonly hash: string;
  readonly state: string;
  readonly created: string;
  readonly expires: string;
  readonly by: string;
  readonly terminals: readonly { readonly comune: string; readonly office: string; readonly channel: string; readonly services: readonly string[] }[];
  readonly attempts: number;
}
export interface NewClaim { readonly id: string;  readonly comune: string; readonly office: string; readonly channel: string; readonly services: readonly string[]; readonly count: number; readonly kiosk: string }
export interface MadeClaim { readonly code: string; readonly hash: string; readonly url: string; readonly expires: string }

export interface OrderLine { readonly product: string; readonly quantity: number; readonly text?: string }
export interface Order {
  readonly id: string;
  readonly programme?: string;
  readonly number?: string;
  readonly supplier?: string;
  readonly lines: readonly OrderLine[];
  readonly gross_cents: number;
  readonly bonus_cents: number;
  readonly signature?: boolean;
  readonly pec?: boolean;
  readonly ordered_on: string;
  readonly delivered_on?: string;
  readonly installed_on?: string;
  readonly cancelled_on?: string;
}
export interface Finding { readonly rule: string; readonly wanted: string; readonly is: string }

export const KINDS = ["red", "fall", "silence", "misuse"] as const;
export type Kind = (typeof KINDS)[number];
export interface Scope { readonly comuni?: readonly string[]; readonly offices?: readonly string[]; readonly services?: readonly string[]; readonly channels?: readonly string[] }
export interface Share { readonly n: number; readonly negative: number; readonly share: number; readonly low: number; readonly high: number }
export interface AlertFigures extends Share {
  readonly scale?: string;
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

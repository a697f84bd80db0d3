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
export type Finding = NonNullable<Schemas["Problem"]["findings"]>[number];

export type Kind = Schemas["AlertKind"];
export const KINDS = ["red", "fall", "silence", "misuse"] as const satisfies readonly Kind[];
export type Scope = Schemas["AlertScope"];
export type Share = Schemas["AlertShare"];
export type AlertFigures = Schemas["AlertFigures"];
export type Delivery = Schemas["AlertDelivery"];
export type Note = Schemas["AlertNote"];
export type Alert = Schemas["Alert"];

export type Rule = Schemas["AlertRule"];
export type Webhook = Schemas["AlertWebhook"];
export type Settings = Schemas["AlertSettings"];

import type { Requirement } from "./requirement.ts";

/** Sentences of the headers that displif leans on. */
export const NEIGHBOURS: readonly Requirement[] = [
	{
		id: "ring.req-prod-in-bounds",
		source: "io/ring.h",
		place: "RING_REQUEST_PROD_OVERFLOW",
		owes: "frontend",
		level: "must",
		says: "requests in flight never exceed the slots",
	},
	{
		id: "ring.rsp-prod-in-bounds",
		source: "io/ring.h",
		place: "RING_RESPONSE_PROD_OVERFLOW",
		owes: "backend",
		level: "must",
		says: "responses never exceed the requests",
	},
	{
		id: "grant.reserved-entries",
		source: "grant_table.h",
		place: "GNTTAB_NR_RESERVED_ENTRIES",
		owes: "both",
		level: "must",
		says: "the first references belong to the tools",
	},
	{
		id: "grant.end-in-use",
		source: "grant_table.h",
		place: "guidelines for the granting domain",
		owes: "both",
		level: "must",
		says: "an entry in use is not closed",
	},
	{
		id: "xenbus.state-order",
		source: "io/xenbus.h",
		place: "enum xenbus_state",
		owes: "both",
		level: "must",
		says: "a side changes its own state, along the diagram",
	},
	{
		id: "xenbus.no-resurrection",
		source: "io/xenbus.h",
		place: "enum xenbus_state",
		owes: "both",
		level: "must",
		says: "nothing is written below a removed directory",
	},
];

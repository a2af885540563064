import type { Requirement } from "./requirement.ts";

const pv = (
	id: string,
	place: string,
	says: string,
	more: Partial<Requirement> = {},
): Requirement => ({
	id: `pv.${id}`,
	source: "pv",
	place,
	owes: "both",
	level: "must",
	says,
	...more,
});

/** Promises that no header states and every PV driver must keep: give back what was taken, survive the peer, wait with bounds. */
export const PV: readonly Requirement[] = [
	pv(
		"leak.pages",
		"review of drm/xen-front, GEM operations",
		"every page taken is freed",
	),
	pv(
		"leak.grants",
		"review of drm/xen-front, GEM operations",
		"every grant opened is ended and its reference freed",
	),
	pv(
		"leak.reserved-refs",
		"xen-devel 2026, free the reference head on errors",
		"reserved references that were not claimed are released",
	),
	pv(
		"leak.mappings",
		"displ_be history, descriptors not closed",
		"whoever maps a grant unmaps it",
	),
	pv(
		"leak.ports",
		"drm/xen-front, transport set-up",
		"every event channel opened is closed",
	),
	pv("leak.watches", "XSA-326", "every watch and transaction is ended"),
	pv(
		"leak.balloon",
		"Linux 1951fa33ec25",
		"every frame number taken from the balloon is given back",
	),
	pv(
		"leak.objects",
		"review of drm/xen-front, GEM operations",
		"every driver object is dropped, on error paths too",
	),
	pv(
		"give-back-once",
		"review of drm/xen-front, GEM operations",
		"each thing is given back once, by who took it",
	),
	pv(
		"no-free-while-mapped",
		"XSA-396",
		"a page is not freed while the peer maps it or holds a grant to it",
	),
	pv(
		"no-reuse-while-unanswered",
		"XSA-396",
		"a page that an unanswered request names is not used again",
	),
	pv(
		"survive.crash",
		"XSA-391, XSA-392",
		"nothing that the peer does or that fails crashes a driver",
	),
	pv(
		"survive.hang",
		"XSA-332, XSA-391",
		"nothing that the peer does makes a driver loop",
	),
	pv("bounded-wait", "displ_be 48a68b7", "a wait for an answer has a deadline"),
	pv(
		"limits",
		"author's concern in the review; XSA-392",
		"a backend limits what one guest can make it hold",
		{ owes: "backend", level: "should" },
	),
	pv(
		"isolation",
		"displ_be 8704cc2; XSA-349",
		"one bad guest does not disturb another",
		{ owes: "backend" },
	),
	pv(
		"reconnect",
		"libxenbe 4ca4b56",
		"from every state a restart of the peer leads to a fresh connection or to Closed",
		{},
	),
	pv(
		"quarantine",
		"XSA-396",
		"what the peer does not let go is kept, not reused",
		{},
	),
];

import { must, type Requirement, section, should } from "./requirement.ts";

const pv = (
	place: string,
	...sentences: ReturnType<typeof must>[]
): Requirement[] => section("pv", "pv", place, ...sentences);

const REVIEW = "review of drm/xen-front, GEM operations (dri-devel, 2018)";

/** Promises that no header states and every PV driver must keep: give back what was taken, survive the peer, wait with bounds. */
export const PV: readonly Requirement[] = [
	...pv(
		REVIEW,
		must("leak.pages", "both", "every page taken is freed"),
		must(
			"leak.grants",
			"both",
			"every grant opened is ended and its reference freed",
		),
		must(
			"leak.objects",
			"both",
			"every driver object is dropped, on error paths too",
		),
		must(
			"give-back-once",
			"both",
			"each thing is given back once, by who took it",
		),
		must(
			"give-back-own",
			"both",
			"what was never got is not given back, whatever a flag or marker says",
		),
	),
	...pv(
		"displ_be d3ba5be, createDisplayBuffer",
		must(
			"cookie-live",
			"frontend",
			"a request names a buffer or framebuffer by its cookie only while it lives: after its making was answered with 0, until it was undone, which happens once",
		),
	),
	...pv(
		"xen/front-pgdir-shbuf: free grant reference head on errors (xen-devel, 2026)",
		must(
			"leak.reserved-refs",
			"both",
			"reserved references that were not claimed are released",
		),
	),
	...pv(
		"displ_be 1f83284, 915a37e, f202c41",
		must("leak.mappings", "both", "whoever maps a grant unmaps it"),
	),
	...pv(
		"drm/xen-front, transport set-up",
		must("leak.ports", "both", "every event channel opened is closed"),
	),
	...pv(
		"XSA-326",
		must("leak.watches", "both", "every watch and transaction is ended"),
	),
	...pv(
		"Linux 1951fa33ec25",
		must(
			"leak.balloon",
			"both",
			"every frame number taken from the balloon is given back, also when only part could be had",
		),
	),
	...pv(
		"XSA-396",
		must(
			"no-free-while-mapped",
			"both",
			"a page is not freed while the peer maps it or holds a grant to it",
		),
		must(
			"no-reuse-while-unanswered",
			"both",
			"a page that an unanswered request names is not used again",
		),
		must(
			"quarantine",
			"both",
			"what the peer does not let go is kept, not reused",
		),
	),
	...pv(
		"Linux 53f131c284e8",
		must(
			"batch-all-or-nothing",
			"both",
			"a batch of maps that failed in part is a failure: what succeeded is unmapped, nothing else",
		),
	),
	...pv(
		"drm/xen-front and xen-front-pgdir-shbuf, backend-allocated buffers",
		must(
			"map-over-nothing",
			"both",
			"foreign pages are mapped over frame numbers without memory behind them",
		),
	),
	...pv(
		"displ_be 9930660, e0315b2; PV framebuffer a41adea5bc, a2388da52d",
		must(
			"foreign-bounds",
			"both",
			"foreign memory is touched only inside the granted pages, while they are mapped",
		),
		must(
			"size-overflow",
			"both",
			"sizes that a peer sends are multiplied without overflow and checked before use",
		),
	),
	...pv(
		"XSA-155",
		must(
			"fetch-once",
			"both",
			"a shared word is fetched once, and the same copy is checked and used",
		),
	),
	...pv(
		"XSA-403; displ_be, pgDirSetBufferRefs",
		must(
			"no-secrets",
			"both",
			"a page newly shared shows the peer only what was meant for it",
		),
	),
	...pv(
		"XSA-396; xen 937f23487a",
		must(
			"survive.crash",
			"both",
			"nothing that the peer does or that fails crashes a driver",
		),
	),
	...pv(
		"XSA-332, XSA-391",
		must(
			"survive.hang",
			"both",
			"nothing that the peer does makes a driver loop",
		),
		must(
			"excess-events",
			"both",
			"an event without cause costs bounded work and changes nothing",
		),
	),
	...pv(
		"displ_be 48a68b7, libxenbe e4129c2",
		must("bounded-wait", "both", "a wait for an answer has a deadline"),
		must(
			"bounded-close",
			"both",
			"removal ends in bounded time, whatever the peer does; nobody waits for a task under a lock it needs",
		),
	),
	...pv(
		"displ_be 1e40d4a, 8704cc2",
		must(
			"failed-means-nothing",
			"both",
			"after a failed operation everything is as before it",
		),
		must(
			"alive-or-closed",
			"backend",
			"a backend that can no longer serve goes to Closing; it does not stay Connected and silent",
		),
	),
	...pv(
		"author's concern in the review (dri-devel, 2018); XSA-392",
		should(
			"limits.buffers",
			"backend",
			"a backend limits how many display buffers one guest has",
		),
		should(
			"limits.octets",
			"backend",
			"a backend limits the octets that one guest makes it map or allocate",
		),
		should(
			"limits.grants",
			"backend",
			"a backend limits the grants and mappings that one guest makes it hold",
		),
		should(
			"limits.framebuffers",
			"backend",
			"a backend limits how many framebuffers one guest has",
		),
		must(
			"exhaustion",
			"backend",
			"a backend out of memory, grants or handles refuses the request and goes on",
		),
	),
	...pv(
		"displ_be 8704cc2; XSA-349",
		must("isolation", "backend", "one bad guest does not disturb another"),
	),
	...pv(
		"XSA-349",
		must(
			"bounded-queue",
			"both",
			"a peer that writes its nodes quickly fills no queue; the last value is acted on",
		),
	),
	...pv(
		"libxenbe 4ca4b56",
		must(
			"reconnect",
			"both",
			"from every state a restart of the peer leads to a fresh connection or to Closed",
		),
		must(
			"restart-visible",
			"backend",
			"a backend that starts over an old connection closes it visibly before it offers a new one",
		),
	),
	...pv(
		"libxenbe 70bd4fa, 9cdee4d; displ_be 570b2d4",
		must(
			"fresh-nodes",
			"both",
			"configuration and transport nodes are parsed strictly and read anew for each connection",
		),
	),
	...pv(
		"libxenbe 65a6180, edc251a",
		must(
			"no-device-missed",
			"backend",
			"no device and no state change is missed",
		),
	),
	...pv(
		"XSA-115; xen cdabe14bff",
		must(
			"publish-at-once",
			"frontend",
			"transport nodes appear together or not at all, and those of an old connection go",
		),
	),
	...pv(
		"drm/xen-front, evtchnl_interrupt_evt; displ_be, sendFlipEvent",
		must(
			"event-gap",
			"both",
			"no event number is spent on an event that is not delivered, and a gap does not end delivery",
		),
	),
];

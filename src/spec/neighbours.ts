import { may, must, type Requirement, section, should } from "./requirement.ts";

/** Sentences of the headers and documents that displif leans on. */
export const NEIGHBOURS: readonly Requirement[] = [
	...section(
		"ring",
		"io/ring.h",
		"SHARED_RING_INIT",
		must(
			"init",
			"frontend",
			"a new ring has producers 0, thresholds 1 and the rest of its head 0",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"RING_FREE_REQUESTS",
		must(
			"free-slot",
			"frontend",
			"a slot is written again after its response was taken",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"RING_COPY_REQUEST",
		must(
			"copy-once",
			"both",
			"a packet is read once out of shared memory, and the copy is checked and used",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"RING_REQUEST_PROD_OVERFLOW",
		must(
			"req-prod-in-bounds",
			"frontend",
			"requests in flight never exceed the slots",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"RING_RESPONSE_PROD_OVERFLOW",
		must(
			"rsp-prod-in-bounds",
			"backend",
			"responses never exceed the requests",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"RING_PUSH_REQUESTS_AND_CHECK_NOTIFY",
		must(
			"slot-before-index",
			"both",
			"a packet is visible before the index that covers it",
		),
		must("index-whole", "both", "an index is written by one 32-bit store"),
		must(
			"notify",
			"both",
			"the other side is notified when its threshold lies in what was just published",
		),
	),
	...section(
		"ring",
		"io/ring.h",
		"Notification hold-off",
		must(
			"final-check",
			"both",
			"before it sleeps a consumer sets its threshold and looks once more",
		),
	),
	...section(
		"grant",
		"grant_table.h",
		"GNTTAB_NR_RESERVED_ENTRIES",
		must(
			"reserved-entries",
			"both",
			"the first references belong to the tools",
		),
	),
	...section(
		"grant",
		"grant_table.h",
		"guidelines on accessing and updating grant-table entries",
		must(
			"entry-order",
			"both",
			"a new entry gets its flags last, after a write barrier",
		),
		must(
			"end-in-use",
			"both",
			"an entry in use is not closed; nobody can take it back by force",
		),
		must(
			"end-exchange",
			"both",
			"an entry is closed by compare-and-exchange, and only its success frees the reference",
		),
	),
	...section(
		"grant",
		"grant_table.h",
		"GNTTABOP_map_grant_ref",
		must(
			"map-status",
			"both",
			"the status of every element of a batch is looked at",
		),
		must(
			"readonly",
			"both",
			"a page granted read-only is mapped and used read-only",
		),
		must(
			"in-use-mark",
			"world",
			"an entry is marked in use exactly while something maps it",
		),
		must(
			"reference-count",
			"world",
			"each live mapping holds one reference on the page, and a handle is freed once",
		),
	),
	...section(
		"grant",
		"grant_table.h",
		"GNTTABOP_unmap_grant_ref",
		must(
			"unmap-own",
			"both",
			"a handle is unmapped once, by the domain that got it",
		),
		should(
			"unmap-only",
			"both",
			"a mapping is ended by unmapping its handle and in no other way",
		),
	),
	...section(
		"evtchn",
		"event_channel.h",
		"EVTCHNOP_alloc_unbound",
		must(
			"for-peer",
			"frontend",
			"a port is allocated for the domain that is to bind it",
		),
	),
	...section(
		"evtchn",
		"event_channel.h",
		"EVTCHNOP_bind_interdomain",
		must(
			"first-event",
			"backend",
			"a binder takes one event without cause, because binding sets the port pending",
		),
		must(
			"clear-then-look",
			"both",
			"a receiver clears or unmasks its port first, then looks for work",
		),
	),
	...section(
		"evtchn",
		"event_channel.h",
		"EVTCHNOP_close",
		must("close-once", "both", "a port is closed once, by its owner"),
		must(
			"closed-silent",
			"both",
			"nothing is sent through a port that was closed",
		),
		must(
			"port-life",
			"world",
			"closing one end frees it and leaves the other unbound, for the same domain",
		),
	),
	...section(
		"xenbus",
		"io/xenbus.h",
		"enum xenbus_state",
		must(
			"state-order",
			"both",
			"a side changes its own state, along the diagram",
		),
		must("state-own", "both", "a side writes its own state node only"),
		must(
			"no-resurrection",
			"both",
			"nothing is written below a removed directory",
		),
		should(
			"error-node",
			"both",
			"a fatal error is written to the device's error node before Closing",
		),
	),
	...section(
		"xenstore",
		"docs/misc/xenstore.txt",
		"WATCH",
		must(
			"watch-reread",
			"both",
			"a watch event is a reason to read again: it may come first, twice, merged or for a child",
		),
		must(
			"watch-readable",
			"world",
			"a watch fires for those who may read the node",
		),
	),
	...section(
		"xenstore",
		"docs/misc/xenstore.txt",
		"TRANSACTION_END",
		must(
			"transaction-retry",
			"both",
			"after EAGAIN a transaction begins again with a new number",
		),
		must(
			"transaction-atomic",
			"world",
			"a transaction applies as a whole or not at all, and counts stay right",
		),
	),
	...section(
		"xenstore",
		"docs/misc/xenstore.txt",
		"SET_PERMS",
		must(
			"permissions",
			"toolstack",
			"each side owns its directory and can read the other's; configuration is read-only for the guest",
		),
		must(
			"permissions-end",
			"world",
			"a domain's rights end with it; a later one with its number does not get them",
		),
	),
	...section(
		"xenstore",
		"io/xs_wire.h",
		"XENSTORE_PAYLOAD_MAX",
		must("payload", "both", "no message has more than 4096 octets"),
		may("quota", "both", "a full store is an error to handle, not to assert"),
	),
];

/** Our tables, each with the name it has in C: what the headers are asked to agree with. */
import { ERRNO } from "../../src/base/errno.ts";
import type { CType, Fields, Struct } from "../../src/base/struct.ts";
import * as displif from "../../src/displif/constants.ts";
import { eventPage } from "../../src/displif/event-page.ts";
import { OP_NAMES, OPS, type OpName } from "../../src/displif/ops/index.ts";
import { REQUEST_HEAD } from "../../src/displif/ops/op.ts";
import {
	edidResponse,
	pgFlipEvent,
	responseHead,
} from "../../src/displif/packet.ts";
import * as domid from "../../src/xen/abi/domid.ts";
import * as eventChannel from "../../src/xen/abi/event-channel.ts";
import * as grantTable from "../../src/xen/abi/grant-table.ts";
import * as memory from "../../src/xen/abi/memory.ts";
import { sring } from "../../src/xen/abi/ring.ts";
import * as xenbus from "../../src/xen/abi/xenbus.ts";
import { PAYLOAD_MAX, REL_PATH_MAX } from "../../src/xen/xenstore/limits.ts";
import {
	RING_OCTETS,
	XENSTORE_CONNECTED,
	XENSTORE_ERROR_PROTO,
	XENSTORE_ERROR_RINGIDX,
	XENSTORE_RECONNECT,
} from "../../src/xen/xenstore/ring.ts";
import { XS } from "../../src/xen/xenstore/wire.ts";

/** What a module exports under a header's name: numbers and text in capitals, or the header's own spelling. */
const exported = (module: object, name: RegExp): Record<string, Constant> =>
	Object.fromEntries(
		Object.entries(module).filter(
			([key, value]) =>
				name.test(key) &&
				(typeof value === "number" || typeof value === "string"),
		),
	) as Record<string, Constant>;

export type Constant = number | string;

/** Message types that came after the headers of Xen 4.17. */
export const NEWER_MESSAGES: readonly string[] = [
	"GET_FEATURE",
	"SET_FEATURE",
	"GET_QUOTA",
	"SET_QUOTA",
];

/** Groups named as in the fixture. */
export const CONSTANTS: Readonly<Record<string, Record<string, Constant>>> = {
	displifConstants: exported(displif, /^XENDISPL_/),
	grantTableConstants: exported(grantTable, /^_?(GNT|GTF)/),
	eventChannelConstants: exported(eventChannel, /^(EVTCHN|BIND_PIRQ)/),
	xenbusState: exported(xenbus, /^XenbusState/),
	memoryOps: exported(memory, /^XENMEM_/),
	xenCommon: exported(domid, /^DOMID_/),
	xenErrno: Object.fromEntries(
		Object.entries(ERRNO).map(([name, value]) => [`XEN_${name}`, value]),
	),
	xsMessageTypes: Object.fromEntries(
		Object.entries(XS)
			.filter(([name]) => !NEWER_MESSAGES.includes(name))
			.map(([name, value]) => [`XS_${name}`, value]),
	),
	xsWireConstants: {
		XENSTORE_RING_SIZE: RING_OCTETS,
		XENSTORE_PAYLOAD_MAX: PAYLOAD_MAX,
		XENSTORE_REL_PATH_MAX: REL_PATH_MAX,
		XENSTORE_CONNECTED,
		XENSTORE_RECONNECT,
		XENSTORE_ERROR_RINGIDX,
		XENSTORE_ERROR_PROTO,
	},
};

/** A struct of ours and the C type that it claims to be. */
export interface Kind {
	name: string;
	/** `struct …` or `union …`. */
	type: string;
	/** Octets that we claim, which for a type that goes on is less than its sizeof. */
	size: number;
	fields: KindField[];
	ours: Struct;
	/** The C type goes on after what we describe, so its sizeof is another. */
	open: boolean;
}

export interface KindField {
	name: string;
	/** The member in C, from the type. */
	path: string;
	type: CType;
	offset: number;
	size: number;
}

const kind = <F extends Fields>(
	name: string,
	type: string,
	ours: Struct<F>,
	path: (field: string) => string = (field) => field,
): Kind => ({
	name,
	type,
	size: ours.size,
	fields: Object.entries(ours.fields).map(([field, at]) => ({
		name: field,
		path: path(field),
		...at,
	})),
	ours: ours as unknown as Struct,
	open: false,
});

const request = (name: OpName): Kind =>
	kind(name, "struct xendispl_req", OPS[name].request as Struct, (field) =>
		Object.hasOwn(REQUEST_HEAD, field)
			? field
			: `op.${OPS[name].member}.${field}`,
	);

export const REQUEST_KINDS: readonly Kind[] = OP_NAMES.map(request);

export const RESPONSE_KIND = kind(
	"response",
	"struct xendispl_resp",
	responseHead,
);
export const EDID_RESPONSE_KIND = kind(
	"GET_EDID.response",
	"struct xendispl_resp",
	edidResponse,
	(field) => (field === "edid_sz" ? "op.get_edid.edid_sz" : field),
);
export const EVENT_KIND = kind(
	"PG_FLIP.event",
	"struct xendispl_evt",
	pgFlipEvent,
	(field) => (field === "fb_cookie" ? "op.pg_flip.fb_cookie" : field),
);

/** Structs of the hypervisor under the name that the C type has. */
const HYPERVISOR: readonly Struct[] = [
	grantTable.grantEntryV1,
	grantTable.gnttabMapGrantRef,
	grantTable.gnttabUnmapGrantRef,
	grantTable.gnttabCopy,
	grantTable.gnttabQuerySize,
	eventChannel.evtchnAllocUnbound,
	eventChannel.evtchnBindInterdomain,
	eventChannel.evtchnClose,
	eventChannel.evtchnSend,
	eventChannel.evtchnStatus,
	eventChannel.evtchnUnmask,
	eventChannel.evtchnReset,
] as unknown as readonly Struct[];

export const KINDS: readonly Kind[] = [
	...REQUEST_KINDS,
	RESPONSE_KIND,
	EDID_RESPONSE_KIND,
	EVENT_KIND,
	kind("event page", "struct xendispl_event_page", eventPage),
	{ ...kind("sring", "struct xen_displif_sring", sring), open: true },
	kind(
		"grant v2 page",
		"union grant_entry_v2",
		grantTable.grantEntryV2FullPage,
	),
	kind("grant v2 part", "union grant_entry_v2", grantTable.grantEntryV2SubPage),
	...HYPERVISOR.map((ours) => kind(ours.name, `struct ${ours.name}`, ours)),
	// The list's address is a pointer inside a struct of its own.
	kind(
		"xen_memory_reservation",
		"struct xen_memory_reservation",
		memory.xenMemoryReservation,
		(field) => (field === "extent_start" ? "extent_start.p" : field),
	),
].map((one) => ({ ...one, name: one.name.replaceAll(" ", "-") }));

/** Our tables against what a compiler once printed: for machines without the headers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERRNO } from "../../src/base/errno.ts";
import type { Struct } from "../../src/base/struct.ts";
import * as displif from "../../src/displif/constants.ts";
import {
	buildDirectory,
	GREFS_PER_DIRECTORY_PAGE,
} from "../../src/displif/directory.ts";
import { eventPage, eventSlotWord } from "../../src/displif/event-page.ts";
import { OP_NAMES, OPS, type OpName } from "../../src/displif/ops/index.ts";
import {
	decodeEvent,
	decodeRequest,
	decodeResponse,
	encodeEvent,
	encodeRequest,
	encodeResponse,
	PACKET_WORDS,
} from "../../src/displif/packet.ts";
import * as grantTable from "../../src/xen/abi/grant-table.ts";
import { ringSize, sring } from "../../src/xen/abi/ring.ts";
import { RING_SLOTS } from "../../src/xen/ring.ts";
import { XSD_ERRORS } from "../../src/xen/xenstore/error.ts";
import { encodeMessage, readHeader, XS } from "../../src/xen/xenstore/wire.ts";
import { fromHex, toHex } from "./program.ts";
import { PAGE_WORDS, RingPage } from "./ring-page.ts";
import { CONSTANTS, type Constant, KINDS } from "./tables.ts";

interface Layout {
	constants: Record<string, Record<string, Constant>>;
	structs: Record<
		string,
		{
			size: number;
			fields?: Record<string, { offset: number; size: number }>;
		}
	>;
	ringGeometry: Record<string, number> & {
		requestRingSlotAtIndex: Record<string, number>;
		eventRingSlotAtIndex: Record<string, number>;
	};
	vectors: Record<string, string>;
	vectorValues: Record<string, Record<string, number | string>>;
}

const layout = JSON.parse(
	readFileSync(
		new URL("../../fixtures/witness/displif-layout.json", import.meta.url),
		"utf8",
	),
) as Layout;

/** Names of the fixture that nothing here needs, with the reason. */
const NOT_OURS: Record<string, string> = {
	XEN_EWOULDBLOCK: "another name of XEN_EAGAIN",
	XEN_EDEADLOCK: "another name of XEN_EDEADLK",
	XS_DEBUG: "another name of XS_CONTROL",
	XS_TYPE_COUNT: "a count, not a type",
	XS_INVALID: "never sent",
	XENSTORE_ABS_PATH_MAX: "the daemons we follow have limits of their own",
	XENSTORE_SERVER_FEATURE_RECONNECTION: "a feature of manners",
	XENSTORE_SERVER_FEATURE_ERROR: "a feature of manners",
	XENSTORE_ERROR_NONE: "the error word's value before any error",
	XENSTORE_ERROR_COMM: "no communication fails inside one process",
	XS_WATCH_PATH: "an index into a client library's result",
	XS_WATCH_TOKEN: "an index into a client library's result",
	VIRQ_DOM_EXC: "no virtual interrupts here",
	XEN_PAGE_SIZE: "compared with the page of the model below",
};
const notOurs = (name: string): boolean =>
	name in NOT_OURS || /^(XEN_IO_PROTO|__XEN_|sizeof)/.test(name);

describe("the constants of the headers", () => {
	const { xsdErrors, ...groups } = layout.constants;

	for (const [group, theirs] of Object.entries(groups))
		it(`${group} are ours`, () => {
			const wanted = Object.entries(theirs).filter(([name]) => !notOurs(name));
			expect(CONSTANTS[group]).toEqual(Object.fromEntries(wanted));
		});

	it("has the errors that travel by name, in their order", () => {
		expect(
			Object.fromEntries(
				XSD_ERRORS.map((name, index) => [
					name,
					{ index, linuxErrno: ERRNO[name] },
				]),
			),
		).toEqual(xsdErrors);
	});

	it("leaves out no name of displif.h", () => {
		expect(Object.keys(layout.constants.displifConstants ?? {})).toHaveLength(
			30,
		);
		expect(displif).toMatchObject(layout.constants.displifConstants ?? {});
	});
});

describe("the structs of the headers", () => {
	for (const { name, type, ours, fields, open } of KINDS)
		it(`${name} lies as ${type}`, () => {
			const theirs = layout.structs[type];
			expect(theirs, type).toBeDefined();
			if (!open) expect(ours.size).toBe(theirs?.size);
			for (const { path, offset, size } of fields) {
				const field = theirs?.fields?.[path] ?? nested(path);
				if (field !== undefined)
					expect({ path, offset, size }).toEqual({ path, ...field });
			}
		});

	it("has the bodies of all requests at octet 8", () => {
		for (const name of OP_NAMES) {
			const { struct, member, request } = OPS[name];
			const packet = layout.structs["struct xendispl_req"]?.fields;
			expect(packet?.[`op.${member}`]?.offset).toBe(8);
			for (const [field, at] of Object.entries(
				layout.structs[`struct ${struct}`]?.fields ?? {},
			))
				expect((request as Struct).fields[field]).toMatchObject({
					offset: 8 + at.offset,
					size: at.size,
				});
		}
	});
});

/** A member of a member that the fixture lists under its own struct, or not at all. */
function nested(path: string): { offset: number; size: number } | undefined {
	const [union, member, field] = path.split(".");
	if (union !== "op") return undefined;
	const op = OP_NAMES.map((name) => OPS[name]).find((o) => o.member === member);
	const at = layout.structs[`struct ${op?.struct}`]?.fields?.[field ?? ""];
	return at === undefined ? undefined : { ...at, offset: at.offset + 8 };
}

it("agrees on the geometry of rings, directories and grant tables", () => {
	const { requestRingSlotAtIndex, eventRingSlotAtIndex, ...counts } =
		layout.ringGeometry;
	expect(counts).toEqual({
		displifRequestRingEntriesInOnePage: RING_SLOTS,
		sharedRingHeaderBytes: sring.size,
		ringEntryBytes: PACKET_WORDS * 4,
		entriesThatWouldFitWithoutRounding:
			(PAGE_WORDS * 4 - sring.size) / (PACKET_WORDS * 4),
		eventRingOffset: displif.XENDISPL_IN_RING_OFFS,
		eventRingBytes: displif.XENDISPL_IN_RING_SIZE,
		eventRingEntries: displif.XENDISPL_IN_RING_LEN,
		grefsPerDirectoryPage: GREFS_PER_DIRECTORY_PAGE,
		grantEntriesPerPageV1: grantTable.GRANT_ENTRIES_PER_PAGE_V1,
		grantEntriesPerPageV2: grantTable.GRANT_ENTRIES_PER_PAGE_V2,
		grantStatusEntriesPerPage: PAGE_WORDS * 2,
	});
	expect(ringSize(PAGE_WORDS * 4, PACKET_WORDS * 4)).toBe(RING_SLOTS);
	expect(layout.constants.xenCommon?.XEN_PAGE_SIZE).toBe(PAGE_WORDS * 4);
	for (const [index, slot] of Object.entries(eventRingSlotAtIndex))
		expect(eventSlotWord(Number(index))).toBe((1 + slot) * PACKET_WORDS);
	for (const [index, slot] of Object.entries(requestRingSlotAtIndex)) {
		const ring = new RingPage(Number(index));
		ring.run(ring.front.put(new Uint32Array(PACKET_WORDS).fill(7)));
		expect(ring.words.indexOf(7)).toBe((1 + slot) * PACKET_WORDS);
	}
});

describe("the octets that a compiler wrote", () => {
	const seen = new Set<string>();
	const vector = (name: string): string => {
		const hex = layout.vectors[name];
		if (hex === undefined) throw new Error(`the fixture has no ${name}`);
		seen.add(name);
		return hex;
	};
	const values = (name: string): Record<string, number | bigint> =>
		Object.fromEntries(
			Object.entries(layout.vectorValues[name] ?? {}).map(([field, value]) => [
				field,
				typeof value === "string" ? BigInt(value) : value,
			]),
		);
	const id = 0x1234;

	it.each(OP_NAMES)("request %s", (name) => {
		const hex = vector(`req.${name}`);
		const body = { id, ...values(`req.${name}`) };
		expect(decodeRequest(fromHex(hex))).toEqual({
			operation: name,
			code: OPS[name].code,
			id,
			body: { operation: OPS[name].code, ...body },
			strays: [],
		});
		expect(toHex(encodeRequest(name, body as never))).toBe(hex);
	});

	it("request SET_CONFIG, reset", () => {
		const body = { fb_cookie: 0n, x: 0, y: 0, width: 0, height: 0, bpp: 0 };
		expect(toHex(encodeRequest("SET_CONFIG", { id, ...body }))).toBe(
			vector("req.SET_CONFIG.reset"),
		);
	});

	it.each<[string, OpName, number]>([
		...OP_NAMES.map((name): [string, OpName, number] => [
			`resp.ok.${name}`,
			name,
			0,
		]),
		["resp.EINVAL.PG_FLIP", "PG_FLIP", -22],
		["resp.ENOMEM.DBUF_CREATE", "DBUF_CREATE", -12],
		["resp.EOPNOTSUPP.GET_EDID", "GET_EDID", -95],
		["resp.ENOSYS.SET_CONFIG", "SET_CONFIG", -38],
	])("response %s", (name, operation, status) => {
		const { code } = OPS[operation];
		const edid_sz = Number(values(name).edid_sz ?? 0);
		expect(decodeResponse(fromHex(vector(name)))).toEqual({
			id,
			code,
			operation,
			status,
			edid_sz,
			strays: [],
		});
		expect(toHex(encodeResponse(id, code, status, edid_sz))).toBe(vector(name));
	});

	it("event PG_FLIP", () => {
		const event = { id: 0x2345, fb_cookie: 0x1112131415161718n };
		const hex = vector("evt.PG_FLIP");
		expect(decodeEvent(fromHex(hex))).toEqual({
			...event,
			type: 0,
			strays: [],
		});
		expect(toHex(encodeEvent(event.id, event.fb_cookie))).toBe(hex);
	});

	it("page directory and event page", () => {
		const grefs = [0x11121314, 0x21222324, 0x31323334];
		const next = 0x01020304;
		// Two pages' own references, so that the first page names the second.
		const [page] = buildDirectory(grefs, [9, next]);
		expect(toHex((page as Uint32Array).slice(0, 4))).toBe(
			vector("pageDirectory.next_and_3_grefs.first16"),
		);
		const words = new Uint32Array(PACKET_WORDS);
		eventPage.encode({ in_cons: next, in_prod: grefs[0] as number }, words);
		expect(toHex(words)).toBe(vector("eventPage.header"));
	});

	it("request ring: three flips, three answers, both final checks", () => {
		const ring = new RingPage();
		const { front, back } = ring;
		const head = (count: number) => toHex(ring.words.slice(0, count / 4));
		expect(head(64)).toBe(vector("sring.afterInit.first64"));
		for (const number of [1, 2, 3]) {
			const request = encodeRequest("PG_FLIP", { id: number, fb_cookie: 0n });
			ring.run(front.put(request));
			const notify = Number(ring.run(front.push()));
			expect(head(16)).toBe(
				vector(`sring.afterPush${number}.notify${notify}.first16`),
			);
		}
		for (const number of [1, 2, 3]) {
			const { id, code } = decodeRequest(ring.run(back.take()));
			ring.run(back.put(encodeResponse(id, code, 0)));
			const notify = Number(ring.run(back.push()));
			expect(head(16)).toBe(
				vector(`sring.afterResponse${number}.notify${notify}.first16`),
			);
		}
		const requests = Number(ring.run(back.finalCheck()) !== 0);
		expect(head(16)).toBe(
			vector(`sring.afterFinalCheckForRequests.more${requests}.first16`),
		);
		for (const _ of [1, 2, 3]) ring.run(front.take());
		const responses = Number(ring.run(front.finalCheck()) !== 0);
		expect(head(16)).toBe(
			vector(`sring.afterFinalCheckForResponses.more${responses}.first16`),
		);
		expect(head(448)).toBe(vector("sring.page.afterThat.first448"));
	});

	it("grant entries", () => {
		const { grantEntryV1, grantEntryV2FullPage, ...gnt } = grantTable;
		const entry = { domid: 0x0102, frame: 0x11121314 };
		const v1 = (flags: number) => write(grantEntryV1, { ...entry, flags });
		expect(v1(gnt.GTF_permit_access | gnt.GTF_readonly)).toBe(
			vector("grantEntryV1.permit_access.readonly"),
		);
		expect(v1(gnt.GTF_permit_access | gnt.GTF_reading | gnt.GTF_writing)).toBe(
			vector("grantEntryV1.permit_access.inUse"),
		);
		expect(
			write(grantEntryV2FullPage, {
				"full_page.hdr.flags": gnt.GTF_permit_access,
				"full_page.hdr.domid": 0x0102,
				"full_page.frame": 0x1112131415161718n,
			}),
		).toBe(vector("grantEntryV2.fullPage"));
	});

	it("grant operations", () => {
		const { gnttabMapGrantRef, gnttabUnmapGrantRef, gnttabCopy } = grantTable;
		expect(
			gnttabMapGrantRef.decode(fromHex(vector("gnttab_map_grant_ref"))),
		).toEqual({
			host_addr: 0x0102030405060708n,
			flags: grantTable.GNTMAP_host_map | grantTable.GNTMAP_readonly,
			ref: 0x11121314,
			dom: 0x2122,
			status: grantTable.GNTST_bad_gntref,
			handle: 0x31323334,
			dev_bus_addr: 0x4142434445464748n,
		});
		expect(
			gnttabUnmapGrantRef.decode(fromHex(vector("gnttab_unmap_grant_ref"))),
		).toEqual({
			host_addr: 0x0102030405060708n,
			dev_bus_addr: 0x1112131415161718n,
			handle: 0x21222324,
			status: grantTable.GNTST_bad_handle,
		});
		const copy = {
			"source.u.gmfn": 0x01020304n,
			"source.domid": 0x1112,
			"source.offset": 0x2122,
			"dest.u.gmfn": 0x3132333435363738n,
			"dest.domid": 0x4142,
			"dest.offset": 0x5152,
			len: 0x61,
			flags: grantTable.GNTCOPY_source_gref,
			status: grantTable.GNTST_bad_copy_arg,
		};
		const hex = vector("gnttab_copy");
		expect(gnttabCopy.decode(fromHex(hex))).toEqual(copy);
		expect(write(gnttabCopy, copy)).toBe(hex);
	});

	it("XenStore message", () => {
		const octets = Uint8Array.from(
			Buffer.from(vector("xsd_sockmsg.WRITE"), "hex"),
		);
		const { type, reqId, txId, len } = readHeader(octets);
		expect({ type, reqId, txId, len }).toEqual({
			type: XS.WRITE,
			reqId: 0x01020304,
			txId: 0x11121314,
			len: 5,
		});
		const message = { type, reqId, txId, payload: "a\0b\0c" };
		expect(encodeMessage(message).slice(0, 16)).toEqual(octets);
	});

	it("leaves no vector unread", () => {
		expect([...seen].sort()).toEqual(Object.keys(layout.vectors).sort());
	});
});

function write<V>(
	struct: { size: number; encode(value: V, words: Uint32Array): void },
	value: V,
): string {
	const words = new Uint32Array(Math.ceil(struct.size / 4)).fill(0xeeee_eeee);
	struct.encode(value, words);
	return toHex(words, struct.size);
}

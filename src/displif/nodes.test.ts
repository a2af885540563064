import { describe, expect, it } from "vitest";
import {
	complaint,
	NODE_FORMS,
	NODES,
	type NodeFormName,
	nodePattern,
	parseBeAlloc,
	parseDecimal,
	parseResolution,
	parseState,
	parseVersions,
} from "./nodes.ts";

describe("values are parsed strictly", () => {
	it.each([
		["0", 8, 0],
		["255", 8, 255],
		["256", 8, undefined],
		["65535", 16, 65_535],
		["65536", 16, undefined],
		["4294967295", 32, 4_294_967_295],
		["4294967296", 32, undefined],
		["99999999999", 32, undefined],
		["01", 32, undefined],
		["+1", 32, undefined],
		["-1", 32, undefined],
		[" 1", 32, undefined],
		["1\n", 32, undefined],
		["0x1", 32, undefined],
		["", 32, undefined],
		[undefined, 32, undefined],
	] as const)("decimal %j in %i bits", (text, bits, value) => {
		expect(parseDecimal(text, bits)).toBe(value);
	});

	it.each([
		["800x600", { width: 800, height: 600 }],
		["0x0", { width: 0, height: 0 }],
		["4294967295x1", { width: 4_294_967_295, height: 1 }],
		["800X600", undefined],
		["800x600x32", undefined],
		["800x", undefined],
		["800", undefined],
		["800x 600", undefined],
		["800x600 ", undefined],
		["4294967296x1", undefined],
		[undefined, undefined],
	])("resolution %j", (text, value) => {
		expect(parseResolution(text)).toEqual(value);
	});

	it.each([
		["1", [1]],
		["1,2", [1, 2]],
		["2,1", [2, 1]],
		["1, 2", undefined],
		["1,", undefined],
		["0", undefined],
		["", undefined],
		[undefined, undefined],
	])("versions %j", (text, value) => {
		expect(parseVersions(text)).toEqual(value);
	});

	it.each([
		["4", 4],
		["8", 8],
		["9", undefined],
		["Connected", undefined],
		["", 0],
		[undefined, 0],
	])("state %j", (text, value) => {
		expect(parseState(text)).toBe(value);
	});

	it("be-alloc is 1 or it is not", () => {
		expect(["1", "0", "01", "yes", "", undefined].map(parseBeAlloc)).toEqual([
			true,
			false,
			false,
			false,
			false,
			false,
		]);
	});
});

describe("the table of nodes", () => {
	it("names each node once, by the path of displif.h's example", () => {
		const patterns = NODES.map(nodePattern);
		expect(new Set(patterns).size).toBe(NODES.length);
		expect(patterns).toContain(
			"/local/domain/<be>/backend/vdispl/<fe>/<dev>/versions",
		);
		expect(patterns).toContain(
			"/local/domain/<fe>/device/vdispl/<dev>/<idx>/evt-event-channel",
		);
	});

	const WRITTEN: Record<NodeFormName, { right: string[]; wrong: string[] }> = {
		path: {
			right: ["/local/domain/1"],
			wrong: ["", "/", "a/b", "/a//b", "/a/"],
		},
		domid: { right: ["0", "32751"], wrong: ["65536", "-1", ""] },
		gref: { right: ["8", "4294967295"], wrong: ["0", "", "8 "] },
		port: { right: ["1"], wrong: ["0", "x"] },
		flag: { right: ["0", "1"], wrong: ["2", "", "true"] },
		state: { right: ["0", "8"], wrong: ["9", ""] },
		version: { right: ["1", "2"], wrong: ["0", "1,2", ""] },
		versions: { right: ["1", "1,2"], wrong: ["1;2", ""] },
		resolution: { right: ["1x1"], wrong: ["0x1", "1x0", "1*1"] },
		text: { right: ["HDMI-A-1"], wrong: [""] },
	};

	it.each(Object.keys(NODE_FORMS) as NodeFormName[])(
		"knows a %s when it sees one",
		(form) => {
			const { right, wrong } = WRITTEN[form];
			const { accepts } = NODE_FORMS[form];
			expect(right.filter((text) => !accepts(text))).toEqual([]);
			expect(wrong.filter((text) => accepts(text))).toEqual([]);
		},
	);

	it("says what is wrong with a text, for a stranger", () => {
		const ref = NODES.find(({ name }) => name === "req-ring-ref");
		if (ref === undefined) throw new Error("the table lacks req-ring-ref");
		expect(complaint(ref, "9")).toBeUndefined();
		expect(complaint(ref, "0")).toBe(
			'req-ring-ref is "0" and should be a grant reference: a decimal number of up to 32 bits, not 0',
		);
	});
});

import { expect, it } from "vitest";
import * as constants from "../constants.ts";
import { OP_BY_CODE, OP_NAMES, OPS } from "./index.ts";

it("lists every operation of the header, in wire order", () => {
	const header = Object.entries(constants)
		.filter(([name]) => name.startsWith("XENDISPL_OP_"))
		.map(([name, code]) => [name.slice("XENDISPL_OP_".length), code]);
	expect(OP_NAMES.map((name) => [name, OPS[name].code])).toEqual(header);
	for (const name of OP_NAMES) {
		expect(OPS[name].name).toBe(name);
		expect(OP_BY_CODE.get(OPS[name].code)).toBe(name);
	}
});

it("knows only GET_EDID as new in version 2", () => {
	expect(OP_NAMES.filter((name) => OPS[name].since === 2)).toEqual([
		"GET_EDID",
	]);
});

it("keeps buffers and framebuffers to the ring of connector 0", () => {
	expect(OP_NAMES.filter((name) => OPS[name].ring === "connector 0")).toEqual([
		"DBUF_CREATE",
		"DBUF_DESTROY",
		"FB_ATTACH",
		"FB_DETACH",
	]);
});

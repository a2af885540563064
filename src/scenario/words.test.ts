import { expect, it } from "vitest";
import { OCTETS } from "../base/struct.ts";
import { NODES } from "../displif/nodes.ts";
import { OPS } from "../displif/ops/index.ts";
import {
	BODY_FIELDS,
	GNTST,
	OP_NAMES,
	REQUEST_FIELDS,
	TRANSPORT_NODES,
} from "./words.ts";

it("request fields are those of the packets, with their widths", () => {
	const fields: Record<string, number> = {};
	for (const op of OP_NAMES)
		for (const name of BODY_FIELDS[op]) {
			const { type } = (
				OPS[op].request.fields as Record<string, { type: keyof typeof OCTETS }>
			)[name] ?? { type: "u8" };
			fields[name] = OCTETS[type] * 8;
		}
	expect(fields).toEqual(REQUEST_FIELDS);
});

it("transport nodes are nodes of the protocol", () => {
	const known = NODES.map(({ name }) => name as string);
	for (const node of TRANSPORT_NODES) expect(known).toContain(node);
});

it("all status values of grant_table.h are known", () => {
	expect(Object.values(GNTST).sort((a, b) => b - a)).toEqual(
		Array.from({ length: 14 }, (_, i) => (i === 0 ? 0 : -i)),
	);
});

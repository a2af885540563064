/** Packets as a scripted side makes them: right where the scenario says nothing, and anything else where it does. */
import { type Fields, uncovered } from "../../base/struct.ts";
import { OP_BY_CODE, OPS, type OpName } from "../../displif/ops/index.ts";
import { PACKET_OCTETS, REQUEST_HEAD } from "../../displif/ops/op.ts";
import {
	edidResponse,
	encodeEvent,
	encodeResponse,
	PACKET_WORDS,
	pgFlipEvent,
	requestHead,
	responseHead,
} from "../../displif/packet.ts";
import type { StepOf } from "../../scenario/scenario.ts";
import { REQUEST_FIELDS, type RequestField } from "../../scenario/words.ts";
import { type NamedOf, type Stage, StepError } from "../stage.ts";

export const opCode = (op: OpName | number): number =>
	typeof op === "number" ? op : OPS[op].code;

/** Put a value into every octet that no field covers. */
export function fillReserved(
	words: Uint32Array,
	fields: Fields,
	value: number,
	upTo = PACKET_OCTETS,
): void {
	for (const offset of uncovered(fields, 0, upTo)) {
		const shift = (offset & 3) * 8;
		const word = words[offset >> 2] as number;
		words[offset >> 2] = (word & ~(0xff << shift)) | (value << shift);
	}
}

/** The packet of a `wire.send`: fields of `of`, fields given, reserved octets, raw words, each written over what came before. */
export function requestPacket(
	stage: Stage,
	step: StepOf<"wire.send">,
	id: number,
	of: NamedOf<"buffer"> | undefined,
): Uint32Array {
	const { args } = step;
	const code = opCode(args.op);
	const name = OP_BY_CODE.get(code);
	const words = new Uint32Array(PACKET_WORDS);
	const given = (Object.keys(REQUEST_FIELDS) as RequestField[]).filter(
		(field) => args[field] !== undefined,
	);
	if (name === undefined) {
		const [field] = given;
		if (field !== undefined)
			throw new StepError(
				step,
				`operation 0x${code.toString(16)} has no field ${field}: write its body with \`raw\``,
				"args",
				field,
			);
		requestHead.encode({ id, operation: code }, words);
	} else {
		const { request } = OPS[name];
		const body: Record<string, number | bigint> = { id, operation: code };
		for (const [field, { type }] of Object.entries(request.fields)) {
			if (field in REQUEST_HEAD) continue;
			const value =
				args[field as RequestField] !== undefined
					? stage.number(step, args[field as RequestField], "args", field)
					: fromBuffer(of, field);
			body[field] = type === "u64" ? value : Number(value);
		}
		(request.encode as (value: unknown, into: Uint32Array) => void)(
			body,
			words,
		);
	}
	if (args.reserved !== undefined) {
		if (name === undefined) fillReserved(words, REQUEST_HEAD, args.reserved, 8);
		else fillReserved(words, OPS[name].request.fields, args.reserved);
	}
	for (const [index, word] of (args.raw ?? []).entries())
		words[index] = Number(stage.number(step, word, "args", "raw", index));
	return words;
}

function fromBuffer(of: NamedOf<"buffer"> | undefined, field: string): bigint {
	if (of === undefined) return 0n;
	switch (field) {
		case "dbuf_cookie":
			return of.cookie ?? 0n;
		case "buffer_sz":
			return BigInt(of.size);
		case "gref_directory":
			return BigInt(of.directoryRefs[0] ?? 0);
		case "width":
		case "height":
		case "bpp":
			return BigInt(of[field]);
		default:
			return 0n;
	}
}

export function responsePacket(
	id: number,
	code: number,
	status: number,
	edid_sz: number,
	reserved: number | undefined,
): Uint32Array {
	const words = encodeResponse(id, code, status, edid_sz);
	const { fields } = code === OPS.GET_EDID.code ? edidResponse : responseHead;
	if (reserved !== undefined) fillReserved(words, fields, reserved);
	return words;
}

export function eventPacket(
	id: number,
	fb_cookie: bigint,
	type: number,
	reserved: number | undefined,
): Uint32Array {
	const words = encodeEvent(id, fb_cookie, type);
	if (reserved !== undefined) fillReserved(words, pgFlipEvent.fields, reserved);
	return words;
}

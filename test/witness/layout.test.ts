/** Debian's compiler and the real headers read our tables, and we read what they write. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Struct, uncovered } from "../../src/base/struct.ts";
import {
	bufferPages,
	buildDirectory,
	directoryPages,
	GREFS_PER_DIRECTORY_PAGE,
	walkDirectory,
} from "../../src/displif/directory.ts";
import {
	decodeEvent,
	decodeRequest,
	decodeResponse,
	encodeEvent,
	encodeRequest,
	encodeResponse,
} from "../../src/displif/packet.ts";
import { XSD_ERRORS } from "../../src/xen/xenstore/error.ts";
import { compileWitness, fromHex, toHex, type Witness } from "./program.ts";
import {
	CONSTANTS,
	EDID_RESPONSE_KIND,
	EVENT_KIND,
	KINDS,
	type Kind,
	REQUEST_KINDS,
} from "./tables.ts";

const SEED = 0x64697370;
/** Random structs of each kind, each way. */
const SAMPLES = 300;

const found = compileWitness();
const missing = "missing" in found ? found.missing : undefined;
const witness = found as Witness;

type Value = Record<string, number | bigint | Uint8Array>;

const RANGES: Record<string, fc.Arbitrary<number | bigint>> = {
	u8: fc.integer({ min: 0, max: 0xff }),
	u16: fc.integer({ min: 0, max: 0xffff }),
	s16: fc.integer({ min: -0x8000, max: 0x7fff }),
	u32: fc.integer({ min: 0, max: 0xffff_ffff }),
	s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
	u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
};

/** The same values in every run, edges of the types among them. */
function samples(kind: Kind): Value[] {
	const fields = Object.fromEntries(
		kind.fields.map(({ name, type, size }) => [
			name,
			type === "bytes"
				? fc.uint8Array({ minLength: size, maxLength: size })
				: (RANGES[type] as fc.Arbitrary<number | bigint>),
		]),
	);
	return fc.sample(fc.record(fields), { numRuns: SAMPLES, seed: SEED });
}

/** As the witness prints them: every number as 64 bits without sign, an array octet by octet. */
const told = (kind: Kind, value: Value): string =>
	kind.fields
		.flatMap(({ name }) => {
			const one = value[name];
			return one instanceof Uint8Array ? [...one] : [one as number | bigint];
		})
		.map((number) => BigInt.asUintN(64, BigInt(number)))
		.join(" ");

function encoded({ ours }: Kind, value: Value): string {
	// Full of another value: every octet must be stored.
	const words = new Uint32Array(Math.ceil(ours.size / 4)).fill(0xeeee_eeee);
	(ours as Struct).encode(value as never, words);
	return toHex(words, ours.size);
}

const decoded = ({ ours }: Kind, hex: string): Value =>
	ours.decode(fromHex(hex.padEnd(Math.ceil(ours.size / 4) * 8, "0"))) as Value;

describe.skipIf(missing !== undefined)(
	`the Xen headers${missing === undefined ? "" : ` (skipped: ${missing})`}`,
	() => {
		afterAll(() => witness.end());

		it("have every constant, size, offset, width and sign of ours", () => {
			const lines = witness.ask(["layout"]);
			expect(lines.pop()).toBe("end");
			const theirs = (what: string) =>
				new Set(lines.filter((line) => line.startsWith(`${what} `)));
			const constants = Object.values(CONSTANTS).flatMap((group) =>
				Object.entries(group).map(
					([name, value]) => `constant ${name} ${value}`,
				),
			);
			expect(constants.length).toBeGreaterThan(200);
			expect(theirs("constant")).toEqual(new Set(constants));
			const fields = KINDS.flatMap(({ type, fields }) =>
				fields.map(({ path, offset, size, type: field }) => {
					const sign =
						field === "bytes" || path.endsWith(".p")
							? -1
							: Number(field.startsWith("s"));
					return `field ${type}.${path} ${offset} ${size} ${sign}`;
				}),
			);
			expect(theirs("field")).toEqual(new Set(fields));
			for (const { type, size, open } of KINDS)
				if (!open) expect(theirs("size")).toContain(`size ${type} ${size}`);
			expect([...theirs("error")]).toEqual(
				XSD_ERRORS.map((name, i) => `error ${i} ${name}`),
			);
		});

		it("read what we write, field by field", () => {
			const cases = KINDS.flatMap((kind) =>
				samples(kind).map((value) => ({ kind, value })),
			);
			const answers = witness.ask(
				cases.map(
					({ kind, value }) => `decode ${kind.name} ${encoded(kind, value)}`,
				),
			);
			expect(answers).toEqual(
				cases.map(({ kind, value }) => told(kind, value)),
			);
		});

		it("write what we read, field by field and octet by octet", () => {
			const cases = KINDS.flatMap((kind) =>
				samples(kind).map((value) => ({ kind, value })),
			);
			const answers = witness.ask(
				cases.map(
					({ kind, value }) => `encode ${kind.name} ${told(kind, value)}`,
				),
			);
			expect(answers).toHaveLength(cases.length);
			for (const [i, { kind, value }] of cases.entries()) {
				const hex = answers[i] as string;
				expect(decoded(kind, hex)).toEqual(value);
				expect(encoded(kind, value)).toBe(hex);
			}
		});

		it("leave the same octets to nobody", () => {
			const answers = witness.ask(KINDS.map(({ name }) => `undefined ${name}`));
			for (const [i, { ours, name }] of KINDS.entries())
				expect(answers[i], name).toBe(
					uncovered(ours.fields, 0, ours.size).join(" "),
				);
		});

		it("agree on which octets of a packet are strays", () => {
			const readers = [
				...REQUEST_KINDS.map((kind) => ({ kind, read: decodeRequest })),
				{ kind: EDID_RESPONSE_KIND, read: decodeResponse },
				{ kind: EVENT_KIND, read: decodeEvent },
			];
			const answers = witness.ask(
				readers.map(({ kind }) => `undefined ${kind.name}`),
			);
			for (const [i, { kind, read }] of readers.entries()) {
				const offsets = (answers[i] as string).split(" ").map(Number);
				const octets = new Uint8Array(64);
				for (const offset of offsets) octets[offset] = (offset % 255) + 1;
				const code = REQUEST_KINDS.indexOf(kind);
				octets[2] = code >= 0 ? 0x10 + code : kind === EVENT_KIND ? 0 : 0x16;
				expect(
					read(new Uint32Array(octets.buffer)).strays.map(
						({ offset, value }) => [offset, value],
					),
					kind.name,
				).toEqual(offsets.map((offset) => [offset, (offset % 255) + 1]));
			}
		});

		it("read the packets that our senders make", () => {
			const [id, status, edid_sz] = [0xfffe, -95, 384];
			const body = { id, fb_cookie: 0x1112131415161718n };
			const answers = witness.ask([
				`decode PG_FLIP ${toHex(encodeRequest("PG_FLIP", body))}`,
				`decode GET_EDID.response ${toHex(encodeResponse(id, 0x16, status, edid_sz))}`,
				`decode PG_FLIP.event ${toHex(encodeEvent(id, body.fb_cookie))}`,
			]);
			expect(answers).toEqual([
				`${id} ${0x15} ${body.fb_cookie}`,
				`${id} ${0x16} ${BigInt.asUintN(64, BigInt(status))} ${edid_sz}`,
				`${id} 0 ${body.fb_cookie}`,
			]);
		});

		describe("a page directory", () => {
			const directories = fc.sample(
				fc
					.oneof(
						fc.integer({ min: 1, max: 3 * GREFS_PER_DIRECTORY_PAGE }),
						fc.constantFrom(1, 1022, 1023, 1024, 2046, 2047),
					)
					.chain((pages) =>
						fc.record({
							grefs: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((four) =>
								// A line of numbers that begins and steps anywhere, wrapping at 32 bits.
								Uint32Array.from(
									{ length: pages },
									(_, i) =>
										((four[0] as number) << 24) +
										i * ((four[1] as number) * 65_537 + 1),
								),
							),
							own: fc.uniqueArray(fc.integer({ min: 8, max: 0x7fff_ffff }), {
								minLength: directoryPages(pages),
								maxLength: directoryPages(pages),
							}),
						}),
					),
				{ numRuns: 24, seed: SEED },
			);

			it("of ours is walked by the headers' structure", () => {
				const answers = witness.ask(
					directories.map(({ grefs, own }) => {
						const pages = buildDirectory(grefs, own);
						const given = own.map(
							(gref, i) => `${gref}:${toHex(pages[i] as Uint32Array)}`,
						);
						return `walk ${grefs.length} ${given.join(" ")}`;
					}),
				);
				expect(answers).toEqual(
					directories.map(({ grefs }) => grefs.join(" ")),
				);
			});

			it("of theirs is walked by us", () => {
				const answers = witness.ask(
					directories.map(
						({ grefs, own }) =>
							`build ${own.join(",")} ${grefs.length} ${grefs.join(" ")}`,
					),
				);
				for (const [i, { grefs, own }] of directories.entries()) {
					const pages = (answers[i] as string).split(" ").map(fromHex);
					const walked = walkDirectory(
						own[0] as number,
						bufferPages(grefs.length * 4096),
						(gref) => pages[own.indexOf(gref)],
					);
					expect(walked).toEqual({ ok: true, grefs, lastNext: 0 });
					expect(buildDirectory(grefs, own)).toEqual(pages);
				}
			});
		});
	},
);

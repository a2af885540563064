/** Our rings against the macros of io/ring.h, compiled: the same steps leave the same page and say the same. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
	decodeRequest,
	encodeRequest,
	encodeResponse,
} from "../../src/displif/packet.ts";
import { RING_SLOTS } from "../../src/xen/ring.ts";
import { compileWitness, toHex, type Witness } from "./program.ts";
import { RingPage } from "./ring-page.ts";

const SEED = 0x72696e67;

const found = compileWitness();
const missing = "missing" in found ? found.missing : undefined;
const witness = found as Witness;

/** f put, b answer, r take answers, F and B the final checks. */
const wishes = fc.array(
	fc.record({
		step: fc.constantFrom("f", "f", "b", "b", "r", "r", "F", "B"),
		n: fc.integer({ min: 1, max: RING_SLOTS }),
	}),
	{ minLength: 1, maxLength: 60 },
);
const starts = fc.oneof(
	fc.constantFrom(0, 1, 0x7fff_fff0, 0xffff_ffe0, 0xffff_fff8, 0xffff_ffff),
	fc.integer({ min: 0, max: 0xffff_ffff }),
);

/** Steps that a lawful pair can take, and what our rings make of them. */
function play(
	index: number,
	wished: readonly { step: string; n: number }[],
): { command: string; answer: string } {
	const ring = new RingPage(index);
	const { front, back } = ring;
	let [sent, answered, taken] = [0, 0, 0];
	const steps: string[] = [];
	const said: string[] = [String(RING_SLOTS)];
	const say = (step: string, what: boolean) => {
		steps.push(step);
		said.push(`${Number(what)}:${toHex(ring.words.slice(0, 4))}`);
	};
	for (const { step, n } of wished) {
		const room = {
			f: RING_SLOTS - (sent - taken),
			b: sent - answered,
			r: answered - taken,
			F: 1,
			B: 1,
		}[step] as number;
		const count = Math.min(n, room);
		if (count === 0) continue;
		if (step === "f") {
			expect(front.free).toBe(room);
			for (let i = 0; i < count; i++) {
				const id = ++sent & 0xffff;
				const fb_cookie = 0x1112131415161718n + BigInt(id);
				ring.run(front.put(encodeRequest("PG_FLIP", { id, fb_cookie })));
			}
			say(`f ${count}`, ring.run(front.push()));
		} else if (step === "b") {
			for (let i = 0; i < count; i++) {
				const { id, code } = decodeRequest(ring.run(back.take()));
				answered++;
				ring.run(back.put(encodeResponse(id, code, 0)));
			}
			say(`b ${count}`, ring.run(back.push()));
		} else if (step === "r") {
			for (let i = 0; i < count; i++) ring.run(front.take());
			taken += count;
			say(`r ${count}`, ring.run(front.unconsumed()) !== 0);
		} else {
			const end = step === "F" ? front : back;
			say(step, ring.run(end.finalCheck()) !== 0);
		}
	}
	return {
		command: `ring ${index} ${steps.join(" ")}`,
		answer: [...said, toHex(ring.words)].join(" "),
	};
}

describe.skipIf(missing !== undefined)(
	`the macros of ring.h${missing === undefined ? "" : ` (skipped: ${missing})`}`,
	() => {
		afterAll(() => witness.end());

		it("say and leave what our rings do, also where the indexes wrap", () => {
			const plays = fc
				.sample(fc.tuple(starts, wishes), { numRuns: 300, seed: SEED })
				.map(([index, wished]) => play(index, wished));
			expect(witness.ask(plays.map(({ command }) => command))).toEqual(
				plays.map(({ answer }) => answer),
			);
		});
	},
);

/** Every sentence of the installed headers that binds somebody has its requirement, and every requirement of a header its place in it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REQUIREMENTS } from "../../src/spec/index.ts";
import { SENTENCES } from "../../src/spec/sentences/index.ts";
import type { Sentences } from "../../src/spec/sentences/sentences.ts";
import { BINDING, hashOf, type Sentence, sentencesOf } from "./sentences.ts";

/** Another release's headers may be looked at: XEN_HEADERS=/usr/include/xen. */
const FOLDER = process.env.XEN_HEADERS ?? "/usr/include/xen";

/** Each hash of a table, alternatives apart, with the key that it stands in. */
function known({ binds, bindsNobody }: Sentences): Map<string, string> {
	return new Map(
		[...Object.keys(binds), ...Object.values(bindsNobody).flat()].flatMap(
			(key) => key.split("|").map((hash) => [hash, key] as const),
		),
	);
}

/** Sentences that no table has and some should. */
function strays(sentences: readonly Sentence[], table: Sentences): Sentence[] {
	const hashes = known(table);
	return sentences.filter(
		({ text, hash }) =>
			(table.whole || BINDING.test(text)) && !hashes.has(hash),
	);
}

/** What the table has and the header has not any more. */
function gone(sentences: readonly Sentence[], table: Sentences): string[] {
	const there = new Set(sentences.map(({ hash }) => hash));
	return [...new Set(known(table).values())].filter(
		(key) => !key.split("|").some((hash) => hash === "-" || there.has(hash)),
	);
}

for (const table of SENTENCES) {
	const file = join(FOLDER, table.header);
	const missing = !existsSync(file);
	describe.skipIf(missing)(
		`${table.header}${missing ? ` (skipped: no ${file}; Debian's libxen-dev has it)` : ""}`,
		() => {
			const sentences = missing ? [] : sentencesOf(readFileSync(file, "utf8"));

			it("has no sentence that binds, or seems to, without a requirement or a reason", () => {
				expect(strays(sentences, table).map(tell)).toEqual([]);
			});

			it("still has every sentence that the table names", () => {
				expect(gone(sentences, table)).toEqual([]);
			});

			it("has each sentence below the heading, or about the name, that its requirements give as their place", () => {
				const text = readFileSync(file, "utf8").replaceAll(/[\s*]+/g, " ");
				for (const { id, source, place } of REQUIREMENTS.values()) {
					if (source !== table.header) continue;
					const keys = Object.entries(table.binds)
						.filter(([, ids]) => ids.includes(id))
						.flatMap(([key]) => key.split("|"));
					// Without headings a place is a name or a few words of the header.
					const places = table.whole
						? sentences.filter(({ hash }) => keys.includes(hash))
						: [{ place: text }];
					if (places.length === 0) continue;
					expect(
						places.some((one) => mentions(one.place, place)),
						`${id}: ${place} is none of ${places.map((one) => one.place).join(", ")}`,
					).toBe(true);
				}
			});
		},
	);
}

const mentions = (text: string, place: string): boolean =>
	text
		.toLowerCase()
		.includes(place.toLowerCase().replace(/^(enum|struct) /, ""));

const tell = ({ line, place, text, hash }: Sentence): string =>
	`"${hash}" line ${line}, ${place}: ${text}`;

describe("the tables of sentences", () => {
	it("name requirements that exist, each sentence once", () => {
		for (const { header, binds, bindsNobody, derived } of SENTENCES) {
			const keys = [
				...Object.keys(binds),
				...Object.values(bindsNobody).flat(),
			].flatMap((key) => key.split("|").filter((hash) => hash !== "-"));
			expect(new Set(keys).size, header).toBe(keys.length);
			for (const key of keys) expect(key).toMatch(/^[0-9a-f]{12}$/);
			for (const ids of [...Object.values(binds), ...Object.values(derived)]) {
				expect(ids.length).toBeGreaterThan(0);
				for (const id of ids)
					expect(REQUIREMENTS.has(id), `${header}: ${id}`).toBe(true);
			}
		}
	});

	it("give every requirement of a header its sentence, or say what it rests on instead", () => {
		for (const { header, binds, derived } of SENTENCES) {
			const stated = new Set(Object.values(binds).flat());
			const argued = new Set(Object.values(derived).flat());
			for (const { id, source } of REQUIREMENTS.values()) {
				if (source !== header) continue;
				expect(
					stated.has(id) !== argued.has(id),
					`${id} of ${header} stands in \`binds\` or in \`derived\` of its table below src/spec/sentences`,
				).toBe(true);
			}
		}
	});
});

describe("sentences of a header", () => {
	const header = `/* SPDX-License-Identifier: MIT */
/*
 ******************************************************************************
 *                                FIRST PART
 ******************************************************************************
 *
 * A peer must not
 * do this, e.g. at night. It may do that.
 *------------------------------- Below -------------------------------
 *  o a bullet that
 *    goes on
 *  o another
 * +-----+-----+
 * | id  | reserved |
 * +-----+-----+
 * x - uint32_t, it cannot be 0
 *
 * Request page flip - request to flip
 */
/* The field is reserved. */
struct after {
`;
	const found = sentencesOf(header);

	it("are told apart at full stops, bullets and fields, without drawings", () => {
		expect(found.map(({ place, text }) => `${place} | ${text}`)).toEqual([
			"FIRST PART | A peer must not do this, e.g. at night.",
			"FIRST PART | It may do that.",
			"FIRST PART: Below | a bullet that goes on",
			"FIRST PART: Below | another",
			"FIRST PART: Below | x - uint32_t, it cannot be 0",
			"FIRST PART: Request page flip | Request page flip - request to flip",
			"FIRST PART: Request page flip | The field is reserved.",
		]);
		expect(found.map(({ line }) => line)).toEqual([7, 8, 10, 12, 16, 18, 20]);
	});

	it("have a hash that changes with a word and not with the line breaks", () => {
		const reflowed = sentencesOf(
			header.replace("must not\n * do this,", "must not do\n *  this,"),
		);
		expect(reflowed.map(({ hash }) => hash)).toEqual(
			found.map(({ hash }) => hash),
		);
		const reworded = sentencesOf(header.replace("must not", "should not"));
		expect(reworded[0]?.hash).not.toBe(found[0]?.hash);
		expect(reworded[1]?.hash).toBe(found[1]?.hash);
		expect(hashOf("It may do that.")).toBe(found[1]?.hash);
	});

	it("that bind are known by their words", () => {
		expect(
			found.filter(({ text }) => BINDING.test(text)).map(({ line }) => line),
		).toEqual([7, 8, 16, 20]);
	});

	it("that were reworded are missed, and seen anew", () => {
		const table = (key: string): Sentences => ({
			header: "example.h",
			whole: false,
			binds: { [key]: ["displif.reserved-zero"] },
			bindsNobody: { "an example": [hashOf("It may do that.")] },
			derived: {},
		});
		const [must, , , , cannot, , reserved] = found as [
			Sentence,
			Sentence,
			Sentence,
			Sentence,
			Sentence,
			Sentence,
			Sentence,
		];
		expect(strays(found, table(must.hash))).toEqual([cannot, reserved]);
		expect(gone(found, table(must.hash))).toEqual([]);
		const elsewhere = hashOf("A peer should not do this, e.g. at night.");
		expect(strays(found, table(elsewhere))).toEqual([must, cannot, reserved]);
		expect(gone(found, table(elsewhere))).toEqual([elsewhere]);
		expect(gone(found, table(`${elsewhere}|${must.hash}`))).toEqual([]);
		expect(gone(found, table(`${elsewhere}|-`))).toEqual([]);
	});
});

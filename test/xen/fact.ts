/**
 * The facts about the hypervisor that the model stands on (fixtures/xen/facts.json), each a test or a reason why not.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { NOT_MODELLED, PARTLY_MODELLED } from "./not-modelled.ts";

export interface Fact {
	/** Section and line. */
	number: string;
	/** In our words. */
	says: string;
	/** Header, document or implementation that settles it. */
	source: string;
}

export const FACTS = JSON.parse(
	readFileSync(
		new URL("../../fixtures/xen/facts.json", import.meta.url),
		"utf8",
	),
) as Fact[];

/** Which sections stand in `facts-<name>.test.ts`. */
export const SECTIONS = {
	grant: ["8"],
	mapping: ["9"],
	evtchn: ["10"],
	xenbus: ["11"],
	balloon: ["12"],
} as const satisfies Record<string, readonly string[]>;

export const sectionOf = (number: string): string =>
	number.slice(0, number.indexOf("."));

type Rows = (conversation: Conversation) => void;

/** The registry of one file: `fact` makes a test and notes its number; `complete` is the last test, and counts. */
export function facts(file: keyof typeof SECTIONS): {
	fact(number: string, title: string, rows: Rows): void;
	complete(): void;
} {
	const sections: readonly string[] = SECTIONS[file];
	const tested: string[] = [];
	return {
		fact(number, title, rows) {
			tested.push(number);
			const source = FACTS.find((f) => f.number === number)?.source;
			test(`${number} ${title} (${source})`, () => rows(new Conversation()));
		},
		complete() {
			const mine = (number: string) => sections.includes(sectionOf(number));
			test(`every fact of ${sections.join(", ")} is tested or has its reason, once`, () => {
				const left = Object.keys(NOT_MODELLED).filter(mine);
				const known = FACTS.map((f) => f.number).filter(mine);
				expect([...tested, ...left].sort()).toEqual([...known].sort());
			});
			test("what is modelled in part is tested", () => {
				const partly = Object.keys(PARTLY_MODELLED).filter(mine);
				expect(partly.filter((number) => !tested.includes(number))).toEqual([]);
			});
		},
	};
}

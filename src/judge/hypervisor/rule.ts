/**
 * The shape of the rules about the tester's own world. Each reads a second set of books, kept from the ledger alone and shared by the rules of one
 * hearing that read the same, and says where the world's answers differ from it. They import nothing of the hypervisor model but the words of the door
 * and the headers' numbers: a mistake would agree with itself.
 */
import type { CallEntry } from "../../journal/entry.ts";
import type { Family } from "../../spec/families.ts";
import type { CallName } from "../../xen/call.ts";
import { type Rule, rule } from "../rule.ts";
import type { SecondBooks } from "./books.ts";

interface Shape<Promise extends string> {
	id: string;
	says: string;
	families: readonly Family[];
	requirements: readonly string[];
	observes: readonly CallName[];
	books: new () => SecondBooks<Promise>;
	/** What of the books it tells of; everything when it is not said. */
	promise?: Promise;
}

export const hypervisorRule = <Promise extends string>({
	books,
	promise,
	...says
}: Shape<Promise>): Rule =>
	rule<SecondBooks<Promise>>({
		...says,
		owes: "world",
		level: "must",
		assumes: [],
		start: (court) => court.second(books),
		step(state, entry, court) {
			const { domid, seq } = entry as CallEntry;
			for (const wrong of state.follow(entry as CallEntry))
				if (promise === undefined || wrong.promise === promise)
					court.breach({
						domid,
						message: `${court.tell(seq)} ${wrong.message}`,
						expected: wrong.expected,
						got: wrong.got,
						entry: seq,
					});
		},
	});

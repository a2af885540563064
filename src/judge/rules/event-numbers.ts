import type { Connection } from "../../journal/exchange.ts";
import { rule } from "../rule.ts";

const hex = (value: number) => `0x${value.toString(16)}`;

/** Events of one connector are numbered without a gap. */
export const eventNumbers = rule<Map<Connection, number>>({
	id: "event-numbers",
	says: "The numbers of a connector's events run by one, and an event that was not delivered has used none.",
	families: ["R7"],
	owes: "backend",
	level: "must",
	requirements: ["pv.event-gap"],
	assumes: ["displif.event-page.roles"],
	observes: ["wire.event", "wire.close"],
	start: () => new Map(),
	step(last, entry, court) {
		if (entry.kind === "wire.close") last.delete(entry.connection);
		if (entry.kind !== "wire.event") return;
		const { connection, words, number, seq } = entry;
		const id = (words[0] as number) & 0xffff;
		const before = last.get(connection);
		last.set(connection, id);
		const where = `connector ${connection.connector} of device ${connection.dev}`;
		if (before === undefined) {
			if (id !== 0)
				court.breach({
					domid: connection.be,
					message: `the first event of ${where} has the number ${id}`,
					expected: "0: a frontend may count with the backend from the start",
					got: hex(id),
					entry: seq,
					level: "should",
				});
			return;
		}
		const next = (before + 1) & 0xffff;
		if (id === next) return;
		court.breach({
			domid: connection.be,
			message: `event ${number} of ${where} has the number ${id}, the one before it had ${before}`,
			expected: `${next}: every number belongs to an event that was delivered`,
			got: `${id}, ${(id - next) & 0xffff} too far`,
			entry: seq,
		});
	},
});

/** What two rules share: who is to blame for a request that there is a reason against, when it is sent and when it is answered with 0. */
import type { WireEntry } from "../journal/exchange.ts";
import { reasonsAgainst, type Topic } from "./refusals.ts";
import type { Court } from "./rule.ts";

export function judgeRequest(
	entry: WireEntry & { kind: "wire.request" | "wire.response" },
	topic: Topic,
	court: Court,
): void {
	if (entry.request === undefined) return;
	const booked = court.books.request(entry.request);
	if (booked === undefined) return;
	const operation = booked.packet.operation ?? "a request";
	const sent = entry.kind === "wire.request";
	if (!sent && booked.status !== 0) return;
	const { connection, seq } = entry;
	const { memory } = court.exchange;
	const where = `connector ${connection.connector} of device ${connection.dev}`;
	for (const reason of reasonsAgainst(
		booked,
		sent ? "sent" : "answered",
		memory,
	)) {
		if (reason.topic !== topic) continue;
		const { says, expected } = reason;
		if (!sent) {
			if (reason.backend.level === "may") continue;
			court.breach({
				domid: connection.be,
				message: `${operation} on ${where} was answered with 0 although it ${says}`,
				expected: "a negative status, and nothing done",
				got: "status 0",
				entry: seq,
				...reason.backend,
			});
		} else if (reason.frontend !== undefined)
			court.breach({
				domid: connection.fe,
				message: `${operation} on ${where} ${says}`,
				expected,
				got: "the request was sent",
				entry: seq,
				...reason.frontend,
			});
	}
}

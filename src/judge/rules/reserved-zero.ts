import {
	decodeEvent,
	decodeRequest,
	decodeResponse,
	type Stray,
} from "../../displif/packet.ts";
import { type Court, rule } from "../rule.ts";

/** Every octet of a packet that the protocol does not define is 0, and every unused flag bit. */
export const reservedZero = rule({
	id: "reserved-zero",
	says: "Every octet of a request, response or event that the protocol does not define is 0, and every unused flag bit.",
	families: ["R5"],
	owes: "both",
	level: "must",
	requirements: ["displif.reserved-zero"],
	assumes: [],
	observes: ["wire.request", "wire.response", "wire.event"],
	start: () => undefined,
	step(_state, entry, court) {
		switch (entry.kind) {
			case "wire.request":
				tell(
					court,
					entry.connection.fe,
					"request",
					decodeRequest(entry.request.words).strays,
					entry.seq,
				);
				return;
			case "wire.response":
				tell(
					court,
					entry.connection.be,
					"response",
					decodeResponse(entry.words).strays,
					entry.seq,
				);
				return;
			case "wire.event":
				tell(
					court,
					entry.connection.be,
					"event",
					decodeEvent(entry.words).strays,
					entry.seq,
				);
				return;
			default:
		}
	},
});

function tell(
	court: Court,
	domid: number,
	what: string,
	strays: readonly Stray[],
	seq: number,
): void {
	const first = strays[0];
	if (first === undefined) return;
	court.breach({
		domid,
		message: `a ${what} carries a value where the protocol defines none: ${strays.map((s) => `${s.field} at octet ${s.offset}`).join(", ")}`,
		expected: "0",
		got: strays.map((s) => `0x${s.value.toString(16)}`).join(", "),
		entry: seq,
	});
}

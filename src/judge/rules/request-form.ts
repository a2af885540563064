import { judgeRequest } from "../refused-requests.ts";
import { rule } from "../rule.ts";

/** A request has a code that is defined, and comes by the ring that is for it. */
export const requestForm = rule({
	id: "request-form",
	says: "A request has an operation code that is defined; one about buffers and framebuffers comes by the ring of connector 0; anything else gets an error.",
	families: ["D6"],
	owes: "both",
	level: "must",
	requirements: [
		"displif.operation.reserved",
		"displif.request.connector-0",
		"displif.operation.unknown",
	],
	assumes: ["one-reply"],
	observes: ["wire.request", "wire.response"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind === "wire.request" || entry.kind === "wire.response")
			judgeRequest(entry, "form", court);
	},
});

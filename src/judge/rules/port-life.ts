import { PortBooks } from "../hypervisor/ports.ts";
import { hypervisorRule } from "../hypervisor/rule.ts";

/** Event channels are what their owners made of them. */
export const portLife = hypervisorRule({
	id: "port-life",
	says: "A port is valid from its opening to its closing, for its owner alone; an event goes to its other end alone, arrives once it was sent, and only then.",
	families: ["H3"],
	requirements: ["evtchn.port-life"],
	observes: [
		"evtchn.alloc-unbound",
		"evtchn.bind-interdomain",
		"evtchn.notify",
		"evtchn.mask",
		"evtchn.unmask",
		"evtchn.close",
		"evtchn.status",
		"evtchn.reset",
		"wait",
		"driver.exit",
		"domain.create",
		"domain.destroy",
	],
	books: PortBooks,
});

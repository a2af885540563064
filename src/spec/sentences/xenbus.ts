import type { Sentences } from "./sentences.ts";

/** io/xenbus.h. */
export const XENBUS_SENTENCES: Sentences = {
	header: "io/xenbus.h",
	whole: true,
	binds: {
		af21925a4d93: ["xenbus.state-order", "xenbus.state-own"],
		"2fa84d656f21": ["xenbus.state-order"],
		"89868e56cfa6": ["xenbus.state-order"],
		b1437149d998: ["xenbus.state-order"],
		"970d21d93293": ["xenbus.state-order"],
	},
	bindsNobody: {
		"says what a state does not mean": ["e073638e8fa3"],
	},
	derived: {
		"what Linux's xenbus client does, and what the tools expect": [
			"xenbus.no-resurrection",
			"xenbus.error-node",
		],
	},
};

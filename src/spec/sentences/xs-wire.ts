import type { Sentences } from "./sentences.ts";

/** io/xs_wire.h. */
export const XS_WIRE_SENTENCES: Sentences = {
	header: "io/xs_wire.h",
	whole: false,
	binds: {
		c6fed314dc8a: ["xenstore.payload"],
		"00633a1fa7c2": ["xenstore.quota"],
	},
	bindsNobody: {
		"speaks to those who change the header": ["d93137a898be"],
	},
	derived: {},
};

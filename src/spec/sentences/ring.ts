import type { Sentences } from "./sentences.ts";

/** io/ring.h. */
export const RING_SENTENCES: Sentences = {
	header: "io/ring.h",
	whole: false,
	binds: {
		a489c24e72e6: ["ring.init"],
		"8f0db0d8ed08": ["ring.init"],
		"43a21b2dfb96": ["ring.req-prod-in-bounds"],
		"40c2feb55e1c": ["ring.free-slot"],
		cdd1567f8e74: ["ring.free-slot"],
		"3c5d3200ad5f": ["ring.copy-once"],
		c072815b87d0: ["ring.copy-once"],
		bfb824592202: ["ring.req-prod-in-bounds"],
		"844b58a42785": ["ring.rsp-prod-in-bounds"],
		"782dcc9f2bf6": ["ring.slot-before-index", "ring.index-whole"],
		"6e68c91ce250": ["ring.slot-before-index", "ring.index-whole"],
		d52ac608b58b: ["displif.notify.hold-off"],
		"3d397f71e90b": ["displif.notify.hold-off"],
		"9013401d0b3c": ["ring.notify"],
		"19c8c88c6561": ["ring.notify"],
		"70301acd42be": ["ring.notify"],
		"0950c7c1fe3d": ["ring.notify"],
		"5faec06a050a": ["ring.final-check"],
		"0be3c30d077c": ["ring.final-check"],
		"47bd48ed94e8": ["ring.final-check"],
		"98914a77ac68": [
			"displif.notify.request-event",
			"displif.notify.response-event",
		],
		e493151b3b7f: ["displif.page-size"],
	},
	bindsNobody: {
		"warns those who call the C macros": ["925b2b4b12f5", "34c3d4282f10"],
	},
	derived: {},
};

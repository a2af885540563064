import type { Sentences } from "./sentences.ts";

/** event_channel.h. */
export const EVENT_CHANNEL_SENTENCES: Sentences = {
	header: "event_channel.h",
	whole: false,
	binds: {
		a9e1aa698452: ["evtchn.clear-then-look"],
		"5e8b589bc856": ["evtchn.for-peer"],
		f6e4fff8a34c: ["evtchn.for-peer"],
		"1f94192c176f": ["evtchn.first-event"],
		"0efa7459970c": ["evtchn.clear-then-look"],
		"656dcff3d98d": ["evtchn.close-once"],
		"0a22290eb39b": ["evtchn.port-life"],
		f615ea308fbc: ["evtchn.closed-silent"],
	},
	bindsNobody: {
		"says of whom a port may be asked for: a driver asks for its own": [
			"8732543f0b37",
			"9bdd9641f2ec",
			"e8f217205d8a",
			"a9fb7af3e4f6",
			"eb2139768c36",
		],
		"speaks of interrupts and of processors, which no display driver binds": [
			"940a1ed27c27|3199f67a25e2",
			"7006fe095246",
			"fbc651b4e5e3",
			"7d8535160551",
			"b6f7e3fe0429",
			"0738847a15cb",
			"6db393aec858",
			"137b6617b9b0",
		],
		"speaks of resetting all ports or of the FIFO form, which is the kernel's affair":
			["d7cedb73136e", "33b56759d2f3", "2a93fb8b75ed"],
	},
	derived: {},
};

import { bufferPages } from "../../displif/directory.ts";
import type { NoteEntry } from "../../journal/entry.ts";
import type { DeviceBook } from "../books.ts";
import { type Court, rule } from "../rule.ts";

type Limits = NoteEntry<"driver.limits">["note"];

/** What one guest has of a backend, and the requirement that speaks of it. */
const COUNTS: readonly {
	what: keyof Limits;
	plural: string;
	requirement: string;
	of(device: DeviceBook): number;
}[] = [
	{
		what: "buffers",
		plural: "display buffers",
		requirement: "pv.limits.buffers",
		of: ({ buffers }) => buffers.size,
	},
	{
		what: "framebuffers",
		plural: "framebuffers",
		requirement: "pv.limits.framebuffers",
		of: ({ framebuffers }) => framebuffers.size,
	},
	{
		what: "bytes",
		plural: "octets of display buffers",
		requirement: "pv.limits.octets",
		of: ({ buffers }) => sum(buffers.values(), (size) => size),
	},
	{
		what: "pages",
		plural: "pages of display buffers",
		requirement: "pv.limits.grants",
		of: ({ buffers }) => sum(buffers.values(), bufferPages),
	},
];

const sum = (
	buffers: Iterable<{ body: { buffer_sz: number } }>,
	of: (size: number) => number,
): number => {
	let total = 0;
	for (const { body } of buffers) total += of(body.buffer_sz);
	return total;
};

/** A guest may ask for any amount: what it gets has an end, which whoever runs the backend has set. */
export const limitsKept = rule<Map<number, Limits>>({
	id: "limits-kept",
	says: "A backend that was told what one guest may have at most accepts no request that goes beyond it, over all devices of the guest.",
	families: ["D8"],
	owes: "backend",
	level: "should",
	requirements: [
		"pv.limits.buffers",
		"pv.limits.framebuffers",
		"pv.limits.octets",
		"pv.limits.grants",
	],
	assumes: [],
	observes: ["driver.limits", "wire.response"],
	start: () => new Map(),
	step(limits, entry, court) {
		if (entry.kind === "driver.limits") limits.set(entry.domid, entry.note);
		if (entry.kind !== "wire.response" || entry.request === undefined) return;
		const { be, fe } = entry.connection;
		const told = limits.get(be);
		const booked = court.books.request(entry.request);
		if (told === undefined || booked?.status !== 0) return;
		const { operation } = booked.packet;
		if (operation !== "DBUF_CREATE" && operation !== "FB_ATTACH") return;
		for (const { what, plural, requirement, of } of COUNTS) {
			const most = told[what];
			const has = total(court, be, fe, of);
			if (has <= most) continue;
			court.breach({
				domid: be,
				message: `${operation} of domain ${fe} was answered with 0, which gives it ${has} ${plural}`,
				expected: `a negative status beyond ${most}`,
				got: "0",
				entry: entry.seq,
				requirements: [requirement],
			});
			return;
		}
	},
});

function total(
	court: Court,
	be: number,
	fe: number,
	of: (device: DeviceBook) => number,
): number {
	let count = 0;
	for (const device of court.books.latest())
		if (device.open && device.be === be && device.fe === fe)
			count += of(device);
	return count;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	EVTCHNSTAT_closed,
	EVTCHNSTAT_interdomain,
	EVTCHNSTAT_unbound,
} from "./abi/event-channel.ts";
import { EventChannels } from "./evtchn.ts";

const DOMIDS = [1, 2, 3];
const LIMIT = 4;

/** One end, as event_channel.h tells of it: who may come, or which end it is joined to. */
interface End {
	domid: number;
	port: number;
	remote: number;
	joined: End | undefined;
	pending: boolean;
}

const domid = fc.constantFrom(...DOMIDS);
const port = fc.nat(LIMIT + 1);
const anyDeed = fc.oneof(
	fc.record({
		does: fc.constant("alloc" as const),
		of: domid,
		remote: domid,
	}),
	fc.record({
		does: fc.constant("bind" as const),
		of: domid,
		remote: domid,
		port,
		/** An end that waits for this domain, when there is one. */
		aimed: fc.boolean(),
	}),
	fc.record({ does: fc.constant("send" as const), of: domid, port }),
	fc.record({ does: fc.constant("take" as const), of: domid, port }),
	fc.record({ does: fc.constant("close" as const), of: domid, port }),
	fc.record({
		does: fc.constantFrom("reset" as const, "destroy" as const),
		of: domid,
		sure: fc.nat(5),
	}),
);
type Deed = typeof anyDeed extends fc.Arbitrary<infer D> ? D : never;

class Book {
	readonly channels = new EventChannels();
	readonly ends: End[] = [];
	readonly dying = new Set<number>();

	constructor() {
		for (const of of DOMIDS) this.channels.add(of, LIMIT);
	}

	private find(of: number, port: number): End | undefined {
		return this.ends.find((end) => end.domid === of && end.port === port);
	}

	private add(domid: number, remote: number): End | undefined {
		for (let port = 1; port <= LIMIT; port++) {
			if (this.find(domid, port) !== undefined) continue;
			const end = { domid, port, remote, joined: undefined, pending: false };
			this.ends.push(end);
			return end;
		}
		return undefined;
	}

	private remove(end: End): void {
		this.ends.splice(this.ends.indexOf(end), 1);
		if (end.joined === undefined) return;
		end.joined.joined = undefined;
		end.joined.remote = end.domid;
	}

	do(deed: Deed): void {
		const { channels, dying } = this;
		const { of } = deed;
		switch (deed.does) {
			case "alloc": {
				const got = channels.allocUnbound(of, deed.remote);
				if (dying.has(of)) expect(got).toBe("EINVAL");
				else expect(got).toBe(this.add(of, deed.remote)?.port ?? "ENOSPC");
				return;
			}
			case "bind": {
				const waiting = this.ends.find(
					(end) => end.joined === undefined && end.remote === of,
				);
				const aim = deed.aimed ? waiting : undefined;
				const remote = aim?.domid ?? deed.remote;
				const port = aim?.port ?? deed.port;
				const got = channels.bindInterdomain(of, remote, port);
				const theirs = this.find(remote, port);
				if (
					dying.has(of) ||
					theirs === undefined ||
					theirs.joined !== undefined ||
					theirs.remote !== of
				) {
					expect(got).toBe("EINVAL");
					return;
				}
				const mine = this.add(of, remote);
				expect(got).toBe(mine?.port ?? "ENOSPC");
				if (mine === undefined) return;
				mine.joined = theirs;
				mine.pending = true;
				theirs.joined = mine;
				return;
			}
			case "send": {
				const end = this.find(of, deed.port);
				const sent = channels.send(of, deed.port);
				expect(sent).toBe(end === undefined ? "EINVAL" : 0);
				if (end?.joined !== undefined) end.joined.pending = true;
				return;
			}
			case "take": {
				const end = this.find(of, deed.port);
				const known = channels.table(of)?.get(deed.port);
				if (known !== undefined) known.pending = false;
				if (end !== undefined) end.pending = false;
				return;
			}
			case "close": {
				const end = this.find(of, deed.port);
				const closed = channels.close(of, deed.port);
				expect(closed).toBe(end === undefined ? "EINVAL" : 0);
				if (end !== undefined) this.remove(end);
				return;
			}
			case "reset":
			case "destroy":
				if (deed.sure > 0) return;
				for (const end of this.ends.filter((e) => e.domid === of))
					this.remove(end);
				if (deed.does === "reset") {
					channels.reset(of);
					return;
				}
				channels.destroy(of);
				dying.add(of);
		}
	}

	/** What can be seen of the channels is what the book says. */
	check(): void {
		for (const of of DOMIDS) {
			const table = this.channels.table(of);
			const seen = Array.from({ length: LIMIT + 2 }, (_, port) => [
				this.channels.state(of, port),
				table?.get(port)?.remote,
				table?.get(port)?.pending,
			]);
			const told = Array.from({ length: LIMIT + 2 }, (_, port) => {
				const end = this.find(of, port);
				if (end === undefined) return [EVTCHNSTAT_closed, undefined, undefined];
				const { joined, remote, pending } = end;
				return joined === undefined
					? [EVTCHNSTAT_unbound, remote, pending]
					: [EVTCHNSTAT_interdomain, joined.domid, pending];
			});
			expect(seen).toEqual(told);
			const joined = this.ends.filter((e) => e.domid === of && e.joined);
			expect(joined.map((e) => table?.get(e.port)?.remotePort)).toEqual(
				joined.map((e) => e.joined?.port),
			);
			const mine = this.ends.filter((end) => end.domid === of);
			expect(table?.count).toBe(mine.length);
		}
	}
}

describe("event channels", () => {
	it("go as the book of ends says", () => {
		let joined = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 80, size: "max" }),
				(deeds) => {
					const book = new Book();
					for (const deed of deeds) {
						book.do(deed);
						book.check();
						joined += book.ends.filter((end) => end.joined).length;
					}
				},
			),
			{ numRuns: 100, seed: 10 },
		);
		expect(joined).toBeGreaterThan(3000);
	});

	it("know no domain that has gone", () => {
		const channels = new EventChannels();
		channels.add(1, 10);
		channels.add(2, 10);
		const port = channels.allocUnbound(1, 2) as number;
		channels.destroy(1);
		expect(channels.bindInterdomain(2, 1, port)).toBe("EINVAL");
		channels.remove(1);
		expect(channels.bindInterdomain(2, 1, port)).toBe("ESRCH");
		expect(channels.allocUnbound(1, 2)).toBe("EINVAL");
	});
});

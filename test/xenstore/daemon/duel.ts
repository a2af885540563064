/** One history played by the real daemon and by our store: every message of every client must be the same. */

import {
	atoi,
	oneArgument,
	strings,
} from "../../../src/xen/xenstore/payload.ts";
import type { Manners } from "../../../src/xen/xenstore/store.ts";
import {
	encodeMessage,
	type Message,
	XS,
} from "../../../src/xen/xenstore/wire.ts";
import { Bench, typeName } from "../bench.ts";
import { type Deed, DOMAINS, home, SOCKETS } from "./history.ts";
import { type RealClient, RealDaemon, type Tools } from "./real.ts";

/** Octets that a guest may send at once without waiting for the store to make room. */
const RING_ROOM = 1000;

/** Milliseconds after which a message is taken for missing. */
const PATIENCE = 2000;

const ONE_PATH: ReadonlySet<number> = new Set([
	XS.READ,
	XS.DIRECTORY,
	XS.GET_PERMS,
	XS.MKDIR,
	XS.RM,
]);

export interface Tally {
	requests: number;
	fromGuests: number;
	inTransactions: number;
	commits: number;
	conflicts: number;
	events: number;
	lives: number;
}

export const tally = (): Tally => ({
	requests: 0,
	fromGuests: 0,
	inTransactions: 0,
	commits: 0,
	conflicts: 0,
	events: 0,
	lives: 0,
});

export interface Mismatch {
	/** Index of the deed. */
	at: number;
	says: string;
	/** What was sent and answered up to there, one line each. */
	log: string[];
}

const shown = (message: Message | undefined): string =>
	message === undefined
		? "nothing"
		: `${typeName(message.type)} ${JSON.stringify(message.payload)} (req ${message.reqId}, tx ${message.txId})`;

const same = (a: Message, b: Message | undefined): boolean =>
	b !== undefined &&
	a.type === b.type &&
	a.reqId === b.reqId &&
	a.txId === b.txId &&
	a.payload === b.payload;

const nameOf = (client: number): string =>
	client < SOCKETS
		? `socket ${client}`
		: `domain ${DOMAINS[client - SOCKETS] as number}`;

export class Duel {
	private readonly real: RealDaemon;
	private readonly bench: Bench;
	private readonly clients: (RealClient | undefined)[] = [];
	private readonly open: number[][] = [];
	private readonly counts: Tally;
	readonly log: string[] = [];
	private nextRequest = 1;

	private constructor(real: RealDaemon, manners: Manners, counts: Tally) {
		this.real = real;
		this.bench = new Bench(manners);
		this.counts = counts;
		this.bench.socket("");
	}

	/** Play a history; undefined when both did the same all along. */
	static async play(
		tools: Tools,
		deeds: readonly Deed[],
		manners: Manners,
		counts: Tally = tally(),
	): Promise<Mismatch | undefined> {
		const duel = new Duel(await RealDaemon.start(tools), manners, counts);
		try {
			await duel.setUp();
			for (const [at, deed] of deeds.entries()) {
				const says = await duel.step(deed);
				if (says !== undefined) return { at, says, log: duel.log };
			}
			await duel.real.fence();
			const says = await duel.compare();
			return says === undefined
				? undefined
				: { at: deeds.length, says, log: duel.log };
		} finally {
			duel.real.stop();
		}
	}

	private async setUp(): Promise<void> {
		for (let client = 0; client < SOCKETS; client++) {
			this.bench.socket(nameOf(client));
			this.clients[client] = await this.real.socket();
		}
		for (const domid of DOMAINS) {
			const says =
				(await this.step({ deed: "create", domid })) ??
				(await this.step(home(0, domid)));
			if (says !== undefined) throw new Error(`setting up: ${says}`);
		}
	}

	private async step(deed: Deed): Promise<string | undefined> {
		switch (deed.deed) {
			case "ask":
				return this.ask(deed.client, deed.requests);
			case "close":
				return this.close(deed.client);
			default:
				return this.life(deed.deed, deed.domid);
		}
	}

	private async ask(
		client: number,
		requests: Extract<Deed, { deed: "ask" }>["requests"],
	): Promise<string | undefined> {
		const real = this.clients[client];
		const domid = DOMAINS[client - SOCKETS];
		if (real === undefined || (domid !== undefined && !this.served(domid)))
			return undefined;
		const open = this.open[client] ?? [];
		this.open[client] = open;
		let room = domid === undefined ? Number.POSITIVE_INFINITY : RING_ROOM;
		const sent: Message[] = [];
		for (const [index, { type, payload, tx }] of requests.entries()) {
			// It empties a ring whose events the guest may or may not have taken by then.
			if (type === XS.INTRODUCE && sent.length > 0) break;
			if (this.wouldCrash(type, payload, requests.length > 1)) continue;
			room -= 16 + payload.length;
			if (index > 0 && room < 0) break;
			const txId = tx < 0 ? 999 : tx === 0 ? 0 : (open[tx - 1] ?? 0);
			const message = { type, reqId: this.nextRequest++, txId, payload };
			sent.push(message);
			this.log.push(`${nameOf(client)}: ${shown(message)}`);
			this.counts.requests++;
			if (domid !== undefined) this.counts.fromGuests++;
			if (txId !== 0) this.counts.inTransactions++;
		}
		if (sent.length === 0) return undefined;
		const octets = Buffer.concat(sent.map(encodeMessage));
		const model = this.bench.clients.get(nameOf(client));
		if (model === undefined) throw new Error(`no ${nameOf(client)}`);
		model.send(octets);
		this.bench.run();
		real.send(octets);
		return this.compare((message) => this.follow(client, sent, message));
	}

	/** What ends the real daemon with a signal: there is no answer to compare with. */
	private wouldCrash(type: number, payload: string, burst: boolean): boolean {
		const { daemon, domains, leftover } = this.bench.store;
		const [first = "", second = ""] = strings(payload);
		// What is answered with whatever errno holds, while that is 0: also a guest may do that.
		const errno = daemon.leftoverErrno && (burst || leftover === undefined);
		if (ONE_PATH.has(type)) return errno && oneArgument(payload) === undefined;
		if (type === XS.SET_PERMS && first.startsWith("@"))
			// The newer daemon removes a special node with its owner.
			return errno || (!daemon.leftoverErrno && !/^.0$/.test(second));
		const record = domains.introduced(atoi(first));
		const actor = record?.connection;
		switch (type) {
			// A domain that is gone, but not its connection, because another may act for it.
			case XS.INTRODUCE:
				return record !== undefined && actor === undefined;
			// One that is acted for, or the last that acted for one that is gone.
			case XS.RELEASE:
				return (
					(actor?.actedForBy.size ?? 0) > 0 ||
					(actor?.target !== undefined &&
						actor.target.domain?.connection === undefined)
				);
			// Domains that act for themselves, for each other, or for two.
			case XS.SET_TARGET: {
				const target = domains.introduced(atoi(second))?.connection;
				return (
					burst ||
					actor === target ||
					actor?.domid === 0 ||
					target?.domid === 0 ||
					(actor?.actedForBy.size ?? 0) > 0 ||
					actor?.target !== undefined ||
					target?.target !== undefined
				);
			}
			default:
				return false;
		}
	}

	/** Keep account of which transactions are open. */
	private follow(client: number, sent: readonly Message[], reply: Message) {
		const request = sent.find(({ reqId }) => reqId === reply.reqId);
		const open = this.open[client] as number[];
		switch (request?.type) {
			case XS.TRANSACTION_START:
				if (reply.type !== XS.ERROR)
					open.push(Number.parseInt(reply.payload, 10));
				break;
			case XS.TRANSACTION_END: {
				const at = open.indexOf(request.txId);
				if (at >= 0) open.splice(at, 1);
				if (reply.payload === "EAGAIN\0") this.counts.conflicts++;
				else if (reply.type !== XS.ERROR) this.counts.commits++;
				break;
			}
			case XS.RESET_WATCHES:
				if (reply.type !== XS.ERROR) open.length = 0;
				break;
			case XS.INTRODUCE: {
				const at = DOMAINS.indexOf(
					Number.parseInt(request.payload, 10) as never,
				);
				if (reply.type !== XS.ERROR) this.open[SOCKETS + at] = [];
				break;
			}
		}
	}

	private served(domid: number): boolean {
		const connection = this.bench.store.domains.introduced(domid)?.connection;
		return connection !== undefined && !connection.ignored;
	}

	private async close(client: number): Promise<string | undefined> {
		this.log.push(`${nameOf(client)} closes and connects again`);
		const model = this.bench.clients.get(nameOf(client));
		const real = this.clients[client];
		if (model === undefined || !("close" in model) || real === undefined)
			throw new Error(`${nameOf(client)} is no socket`);
		model.close();
		(real as RealClient & { close(): void }).close();
		await this.real.fence();
		this.bench.socket(nameOf(client));
		this.clients[client] = await this.real.socket();
		this.open[client] = [];
		return this.compare();
	}

	private async life(
		what: "create" | "destroy" | "shutdown" | "dying",
		domid: number,
	): Promise<string | undefined> {
		const { store } = this.bench;
		const client = SOCKETS + DOMAINS.indexOf(domid as 1);
		if (store.domains.exists(domid) === (what === "create")) return undefined;
		this.log.push(`domain ${domid}: ${what}`);
		this.counts.lives++;
		switch (what) {
			case "create":
				this.bench.clients.set(nameOf(client), this.bench.domain(domid));
				this.clients[client] = this.real.domain(domid);
				this.open[client] = [];
				// The stand-in reports the end of no life that the daemon did not see begin.
				store.virq();
				await this.real.virq();
				break;
			case "destroy":
				this.bench.destroy(domid);
				this.bench.clients.delete(nameOf(client));
				this.clients[client] = undefined;
				await this.real.life(domid, "gone");
				break;
			case "shutdown":
				store.domainShutdown(domid);
				await this.real.life(domid, "s");
				break;
			case "dying":
				store.domainDying(domid);
				await this.real.life(domid, "d");
				break;
		}
		this.bench.run();
		return this.compare();
	}

	/** Each client's messages, one by one. */
	private async compare(
		follow: (reply: Message) => void = () => {},
	): Promise<string | undefined> {
		for (const [client, real] of this.clients.entries()) {
			if (real === undefined) continue;
			const expected = this.bench.clients.get(nameOf(client))?.received() ?? [];
			for (const message of expected) {
				const got = await real.inbox.next(PATIENCE);
				if (!same(message, got))
					return `${nameOf(client)}: the daemon sends ${shown(got)}, we send ${shown(message)}${this.real.died === undefined ? "" : `; it died: ${this.real.died}`}`;
				this.log.push(`  -> ${nameOf(client)}: ${shown(message)}`);
				if (message.type === XS.WATCH_EVENT) this.counts.events++;
				else follow(message);
			}
			const [more] = real.inbox.rest();
			if (more !== undefined)
				return `${nameOf(client)}: the daemon also sends ${shown(more)}`;
		}
		return undefined;
	}
}

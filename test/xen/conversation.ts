/**
 * A conversation with the hypervisor: who says what, and what is answered. Rows go through the one door, `World.apply`, as every participant's calls do.
 */
import { expect } from "vitest";
import { errnoNumber } from "../../src/base/errno.ts";
import { createDomain } from "../../src/peer/toolstack.ts";
import {
	GNTMAP_host_map,
	GNTMAP_readonly,
} from "../../src/xen/abi/grant-table.ts";
import {
	type Ask,
	type Call,
	type CallName,
	call,
	type Reply,
	type Turns,
} from "../../src/xen/call.ts";
import {
	DOMAIN_LIMITS,
	type DomainLimits,
	World,
	type WorldOptions,
} from "../../src/xen/world.ts";

export const TOOLSTACK = 0;
export const FRONT = 1;
export const BACK = 2;
export const OTHER = 3;

/** A status as a row expects it. */
export const EINVAL = -errnoNumber("EINVAL");
export const EBUSY = -errnoNumber("EBUSY");
export const ENOSPC = -errnoNumber("ENOSPC");
export const ENOMEM = -errnoNumber("ENOMEM");
export const ENOENT = -errnoNumber("ENOENT");
export const EACCES = -errnoNumber("EACCES");
export const EEXIST = -errnoNumber("EEXIST");
export const EFAULT = -errnoNumber("EFAULT");
export const ESRCH = -errnoNumber("ESRCH");
export const EAGAIN = -errnoNumber("EAGAIN");
export const ETIMEDOUT = -errnoNumber("ETIMEDOUT");

export const WRITABLE = GNTMAP_host_map;
export const READONLY = GNTMAP_host_map | GNTMAP_readonly;

/** Sizes that differ from the usual ones, for all domains of a conversation. */
export interface Sizes {
	grants?: Partial<DomainLimits["grants"]>;
	memory?: Partial<DomainLimits["memory"]>;
	ports?: number;
}

/** A page that one domain lends another. */
export interface Loan {
	gfn: number;
	ref: number;
	frame: number;
}

export class Conversation {
	readonly world: World;
	private task = 1;

	constructor(sizes: Sizes = {}, options: Partial<WorldOptions> = {}) {
		const limits: DomainLimits = {
			grants: { ...DOMAIN_LIMITS.grants, ...sizes.grants },
			memory: { ...DOMAIN_LIMITS.memory, ...sizes.memory },
			ports: sizes.ports ?? DOMAIN_LIMITS.ports,
		};
		this.world = new World({
			limits: (domid) => (domid === TOOLSTACK ? DOMAIN_LIMITS : limits),
			...options,
		});
		for (const domid of [FRONT, BACK, OTHER])
			this.run(TOOLSTACK, createDomain(domid));
	}

	/** Say something without expecting anything. */
	ask<N extends CallName>(who: number, op: N, args: Ask<N>): Reply<N> {
		return this.world.apply(who, this.task, call(op, { ...args })) as Reply<N>;
	}

	/** One row: who, call, expected reply. A number stands for the status alone; fields that are not named may be anything. */
	row<N extends CallName>(
		who: number,
		op: N,
		args: Ask<N>,
		expected: number | Partial<Reply<N>> = 0,
	): Reply<N> {
		const reply = this.ask(who, op, args);
		expect(reply, `domain ${who}: ${op} ${JSON.stringify(args)}`).toMatchObject(
			typeof expected === "number" ? { status: expected } : expected,
		);
		return reply;
	}

	/** Let a body of a participant run: its calls in order. A wait that nothing ends calls `passed` and has timed out. */
	run<T>(
		who: number,
		turns: Turns<T>,
		passed?: (timeout: number) => void,
	): { result: T; calls: Call[] } {
		const calls: Call[] = [];
		let turn = turns.next({ status: 0 });
		while (turn.done !== true) {
			const said = turn.value;
			calls.push(said);
			if (said.op === "wait" && !this.world.ready(who, this.task, said)) {
				if (passed === undefined) throw new Error("nothing ends this wait");
				passed(said.timeout);
				turn = turns.next({ status: ETIMEDOUT });
			} else turn = turns.next(this.world.apply(who, this.task, said));
		}
		return { result: turn.value, calls };
	}

	/** What a domain waiting for these ports, or for watch events of this token, is given; undefined: it waits on. */
	awaits(
		who: number,
		what: { ports?: readonly number[]; token?: string },
	): Reply<"wait"> | undefined {
		const wait = call("wait", {
			ports: what.ports ?? [],
			token: what.token ?? "",
			completion: 0,
			display: false,
			timeout: 0,
			why: "work",
		});
		if (!this.world.ready(who, this.task, wait)) return undefined;
		return this.world.apply(who, this.task, wait) as Reply<"wait">;
	}

	/** A page of `granter`'s, granted to `to`. */
	lend(granter: number, to: number, readonly = false): Loan {
		const { gfn, frame } = this.row(granter, "page.alloc", { zeroed: true });
		return { gfn, frame, ref: this.grant(granter, to, gfn, readonly) };
	}

	/** Another reference to a page. */
	grant(granter: number, to: number, gfn: number, readonly = false): number {
		const { ref } = this.row(granter, "grant.claim", { batch: 0 });
		this.row(granter, "grant.access", { ref, domid: to, gfn, readonly });
		return ref;
	}

	/** Map a grant where the kernel likes. */
	map(
		mapper: number,
		granter: number,
		ref: number,
		flags = WRITABLE,
		expected = 0,
	): Reply<"grant.map"> {
		const args = { granter, ref, gfn: 0, flags };
		return this.row(mapper, "grant.map", args, expected);
	}

	unmap(
		mapper: number,
		{ handle, gfn }: { handle: number; gfn: number },
	): void {
		this.row(mapper, "grant.unmap", { handle, gfn });
	}

	/** The entry as its owner sees it in the pages of its table. */
	entry(
		owner: number,
		ref: number,
	): { flags: number; domid: number; gfn: number } {
		const at = this.place(owner, ref);
		const { words } = this.row(owner, "page.load", { ...at, count: 2 });
		const [head, gfn] = [words[0] as number, words[1] as number];
		return { flags: head & 0xffff, domid: head >>> 16, gfn };
	}

	/** The owner writes the entry by hand: the frame first, then domid and flags. */
	setEntry(
		owner: number,
		ref: number,
		{ flags, domid, gfn }: { flags: number; domid: number; gfn: number },
	): void {
		const at = this.place(owner, ref);
		this.row(owner, "page.store", { ...at, word: at.word + 1, words: [gfn] });
		this.row(owner, "memory.wmb", {});
		this.row(owner, "page.store", { ...at, words: [flags | (domid << 16)] });
	}

	/** The owner exchanges domid and flags of an entry, if they are still what it thinks: what it found. */
	exchange(
		owner: number,
		ref: number,
		from: { flags: number; domid: number },
		flags: number,
	): number {
		const word = (of: number) => (of | (from.domid << 16)) >>> 0;
		const { found } = this.row(owner, "page.compare-exchange", {
			...this.place(owner, ref),
			expected: word(from.flags),
			next: word(flags),
		});
		return found & 0xffff;
	}

	private place(owner: number, ref: number): { gfn: number; word: number } {
		const { gfn } = this.row(owner, "grant.table", { index: ref >> 9 });
		return { gfn, word: (ref & 511) * 2 };
	}

	/** A port of `owner`'s that `remote` has bound, both ends quiet. */
	link(owner: number, remote: number): { near: number; far: number } {
		const { port: near } = this.row(owner, "evtchn.alloc-unbound", { remote });
		const { port: far } = this.row(remote, "evtchn.bind-interdomain", {
			remote: owner,
			remote_port: near,
		});
		expect(this.awaits(remote, { ports: [far] })).toMatchObject({ port: far });
		return { near, far };
	}

	/** The first word of a page, own or mapped. */
	peek(who: number, gfn: number): number {
		const { words } = this.row(who, "page.load", { gfn, word: 0, count: 1 });
		return words[0] as number;
	}

	poke(who: number, gfn: number, value: number): void {
		this.row(who, "page.store", { gfn, word: 0, words: [value] });
	}
}

/**
 * What both scripted sides have in common. A scripted side is a participant that the scenario plays by raw calls at the door, able to break
 * every promise. Each deed runs as a task of the side's domain; the domain is destroyed after the case, so that nothing is cleaned up here.
 */
import { errnoName } from "../../base/errno.ts";
import { parseState } from "../../displif/nodes.ts";
import type { Step } from "../../scenario/scenario.ts";
import type { Participant } from "../../scenario/words.ts";
import {
	GNTMAP_host_map,
	GNTMAP_readonly,
	GNTST_okay,
} from "../../xen/abi/grant-table.ts";
import { xenbusStateName } from "../../xen/abi/xenbus.ts";
import { ask, type Reply, type Turns } from "../../xen/call.ts";
import {
	type Actor,
	type ScriptSide,
	type Stage,
	StepError,
} from "../stage.ts";

/** How long a scripted side waits for the other, in virtual milliseconds: libxl waits so long for a device. */
export const PATIENCE = 10_000;

/** The other side did not do in time what a step of the scenario waits for. */
export class PeerSilent extends StepError {
	readonly peer: Participant;
	constructor(
		step: Step,
		peer: Participant,
		message: string,
		...path: (string | number)[]
	) {
		super(step, message, ...path);
		this.peer = peer;
	}
}

/** One page of the side's own, open to another domain. */
export interface Lent {
	gfn: number;
	ref: number;
}

/** What a wait is woken by, beside its deadline. */
export interface Wake {
	ports?: readonly number[];
	token?: string;
}

export abstract class Side implements ScriptSide {
	abstract readonly role: "frontend" | "backend";
	readonly stage: Stage;
	readonly actor: Actor;
	/** Own pages that are open to another domain, by reference. */
	readonly lent = new Map<number, number>();
	/** Where foreign pages are mapped, by handle. */
	readonly mapped = new Map<number, number>();

	constructor(stage: Stage, actor: Actor) {
		this.stage = stage;
		this.actor = actor;
	}

	/** Who is at the other end when the scenario does not say. */
	abstract readonly peer: Participant;

	/** Run a deed's body as a task of the side's domain. A StepError in it is thrown here, so that no task crashes of it. */
	*play<T>(step: Step, body: () => Turns<T>): Turns<T> {
		const { stage, actor } = this;
		const life = stage.world.life(actor.domid);
		if (life !== "running")
			throw new StepError(
				step,
				`${actor.name} cannot do ${step.verb}: its domain is ${life}`,
			);
		const done = yield* stage.perform<
			{ value: T } | { wrong: StepError } | undefined
		>(actor, step.verb, function* () {
			try {
				return { value: yield* body() };
			} catch (error) {
				if (error instanceof StepError) return { wrong: error };
				throw error;
			}
		});
		if (done === undefined)
			throw new StepError(
				step,
				`the domain of ${actor.name} ended while it did ${step.verb}`,
			);
		if ("wrong" in done) throw done.wrong;
		return done.value;
	}

	/** The number of an argument that may be known only now. */
	number(step: Step, value: unknown, ...path: (string | number)[]): number {
		return Number(this.stage.number(step, value, "args", ...path));
	}

	// ---- Waiting

	/** Until `look` finds something, at most `ticks`; it looks a last time when they are over. */
	*until<T>(
		wake: Wake,
		ticks: number,
		look: () => Turns<T | undefined>,
	): Turns<T | undefined> {
		const { world } = this.stage;
		const limit = world.now + ticks;
		for (;;) {
			const found = yield* look();
			if (found !== undefined || world.now >= limit) return found;
			yield* ask("wait", {
				ports: wake.ports ?? [],
				token: wake.token ?? "",
				completion: 0,
				display: false,
				timeout: limit - world.now,
				why: "answer",
			});
		}
	}

	/** Until the state node of the other side's device directory has this number. */
	*awaitState(
		step: Step,
		peer: Participant,
		directory: string,
		wanted: number,
	): Turns {
		const path = `${directory}/state`;
		const token = `script ${path}`;
		yield* ask("xs.watch", { path, token });
		const { busState } = this;
		const seen = yield* this.until({ token }, PATIENCE, function* () {
			return (yield* busState(directory)) === wanted ? true : undefined;
		});
		yield* ask("xs.unwatch", { path, token });
		if (seen !== undefined) return;
		const now = yield* this.busState(directory);
		throw new PeerSilent(
			step,
			peer,
			`${peer} did not go to ${xenbusStateName(wanted)} within ${PATIENCE} ms: it is ${now === undefined ? "malformed" : xenbusStateName(now)}`,
		);
	}

	/** The number in a device directory's state node, undefined for a malformed one. */
	readonly busState = function* (directory: string): Turns<number | undefined> {
		const { status, value } = yield* ask("xs.read", {
			tx: 0,
			path: `${directory}/state`,
		});
		return parseState(status < 0 ? undefined : value);
	};

	*write(step: Step, path: string, value: string, tx = 0): Turns {
		const { status } = yield* ask("xs.write", { tx, path, value });
		if (status < 0)
			throw new StepError(
				step,
				`${this.actor.name} could not write ${path}: ${errnoName(status) ?? status}`,
			);
	}

	*read(path: string): Turns<string | undefined> {
		const { status, value } = yield* ask("xs.read", { tx: 0, path });
		return status < 0 ? undefined : value;
	}

	// ---- Pages and grants

	*page(step: Step): Turns<number> {
		const { status, gfn } = yield* ask("page.alloc", { zeroed: true });
		if (status < 0)
			throw new StepError(step, `${this.actor.name} has no page left`);
		return gfn;
	}

	/** Open an own page to a domain. */
	*lend(step: Step, gfn: number, to: number, readonly = false): Turns<Lent> {
		const { status, ref } = yield* ask("grant.claim", { batch: 0 });
		if (status < 0)
			throw new StepError(step, `${this.actor.name} has no grant left`);
		const opened = yield* ask("grant.access", {
			ref,
			domid: to,
			gfn,
			readonly,
		});
		if (opened.status < 0)
			throw new StepError(
				step,
				`${this.actor.name} could not grant page ${gfn}: ${errnoName(opened.status) ?? opened.status}`,
			);
		this.lent.set(ref, gfn);
		return { gfn, ref };
	}

	/** End a grant; when that is done and it is an own one, its reference is free again. The status of the end. */
	*end(ref: number): Turns<number> {
		const { status } = yield* ask("grant.end", { ref });
		if (status < 0) return status;
		if (this.lent.delete(ref)) yield* ask("grant.free", { ref });
		return status;
	}

	/** End a grant and free its page, unless the other side still has it mapped. */
	*takeBack({ gfn, ref }: Lent): Turns {
		if ((yield* this.end(ref)) >= 0) yield* ask("page.free", { gfn });
	}

	*map(
		granter: number,
		ref: number,
		readonly = false,
	): Turns<Reply<"grant.map">> {
		const reply = yield* ask("grant.map", {
			granter,
			ref,
			gfn: 0,
			flags: GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
		});
		if (reply.status === GNTST_okay) this.mapped.set(reply.handle, reply.gfn);
		return reply;
	}

	/** With a handle that was never given out, whatever comes of it. */
	*unmap(handle: number): Turns<number> {
		const gfn = this.mapped.get(handle) ?? 1;
		const { status } = yield* ask("grant.unmap", { handle, gfn });
		if (status === GNTST_okay) this.mapped.delete(handle);
		return status;
	}

	*load(gfn: number, word: number): Turns<number> {
		const { words } = yield* ask("page.load", { gfn, word, count: 1 });
		return words[0] as number;
	}

	*store(gfn: number, word: number, value: number): Turns<number> {
		const { status } = yield* ask("page.store", {
			gfn,
			word,
			words: [value >>> 0],
		});
		return status;
	}

	/** Store a word into a page by its reference: an own lent page, else one of the other domain's, mapped for that moment. */
	*storeByRef(
		step: Step,
		granter: number,
		ref: number,
		word: number,
		value: number,
	): Turns {
		const own = this.actor.domid === granter ? this.lent.get(ref) : undefined;
		if (own !== undefined) {
			yield* this.store(own, word, value);
			return;
		}
		const { status, handle, gfn } = yield* this.map(granter, ref);
		if (status !== GNTST_okay)
			throw new StepError(
				step,
				`${this.actor.name} could not map reference ${ref} of domain ${granter} to store into it: status ${status}`,
			);
		yield* this.store(gfn, word, value);
		yield* this.unmap(handle);
	}
}

/**
 * The requests of one connector: put on the ring whole, matched with their responses, waited for with a limit.
 */

import type { OpName } from "../../displif/ops/index.ts";
import {
	type Body,
	decodeResponse,
	encodeRequest,
} from "../../displif/packet.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { FrontRing } from "../../xen/ring.ts";
import type { Connection } from "./connection.ts";
import { type Driver, waitFor } from "./driver.ts";
import { ETIMEDOUT, failed } from "./status.ts";

/** The fields of a request, but for those that every request has. */
export type RequestBody<N extends OpName> = Omit<Body<N>, "id" | "operation">;

/** What Linux waits for a response, in milliseconds. */
export const RESPONSE_MS = 3000;

/** What is left of an operation whose request was not answered in time. */
export interface Orphan {
	/** The answer came after all. Runs as a task of its own. */
	late(status: number): Turns;
	/** The connection is over. `letGo`: the backend has released all that it held. */
	release(letGo: boolean): Turns;
}

/** How a request ended. `status` is 0 or -errno, as the caller of the operation gets it. */
export type Answer =
	| { how: "answered"; status: number; edid_sz: number }
	/** The backend cannot have seen it. */
	| { how: "unsent"; status: number }
	/** The backend may have acted on it, or may still do so. */
	| { how: "unanswered"; status: number; pending: Pending };
export type Unanswered = Extract<Answer, { how: "unanswered" }>;

export interface Pending {
	readonly id: number;
	readonly operation: OpName;
	readonly completion: number;
	waiting: boolean;
	answer?: Answer;
	orphan?: Orphan;
}

export class Requests {
	protected readonly driver: Driver;
	protected readonly connection: Connection;
	protected readonly ring: FrontRing;
	protected readonly port: number;
	protected readonly lock: number;
	/** Unanswered requests by id, those that nobody waits for any more among them. */
	protected readonly pending = new Map<number, Pending>();
	/** Completions of who waits for a free slot, first come first. */
	protected waiters: number[] = [];
	protected lastId = 0;
	protected stopped = false;

	constructor(connection: Connection, gfn: number, port: number) {
		this.driver = connection.driver;
		this.connection = connection;
		this.ring = this.makeRing(gfn);
		this.port = port;
		this.lock = this.driver.fresh();
	}

	protected makeRing(gfn: number): FrontRing {
		return new FrontRing(gfn);
	}

	/** One request and its response. */
	*send<N extends OpName>(operation: N, body: RequestBody<N>): Turns<Answer> {
		const status = yield* this.takeSlot();
		if (status < 0) return { how: "unsent", status };
		const pending = this.register(operation);
		yield* this.put(pending.id, operation, body);
		if (this.stopped) {
			this.pending.delete(pending.id);
			yield* ask("lock.give", { lock: this.lock });
			return { how: "unsent", status: failed("EIO") };
		}
		if (yield* this.ring.push())
			yield* ask("evtchn.notify", { port: this.port });
		yield* ask("lock.give", { lock: this.lock });
		return yield* this.awaitResponse(pending);
	}

	/** Write the whole packet into the next slot: nothing of what was there before stays. */
	protected *put<N extends OpName>(
		id: number,
		operation: N,
		body: RequestBody<N>,
	): Turns {
		const fields = { ...body, id } as Omit<Body<N>, "operation">;
		yield* this.ring.put(encodeRequest(operation, fields));
	}

	/** Hold the ring with a slot free in it: 0, or why not. Slots of requests that timed out are not free before their response has come. */
	protected *takeSlot(): Turns<number> {
		for (;;) {
			yield* ask("lock.take", { lock: this.lock });
			if (!this.stopped && this.ring.free > 0) return 0;
			const completion = this.driver.fresh();
			if (!this.stopped) this.waiters.push(completion);
			yield* ask("lock.give", { lock: this.lock });
			if (this.stopped) return failed("EIO");
			const came = yield* waitFor(completion, RESPONSE_MS);
			this.waiters = this.waiters.filter((waiter) => waiter !== completion);
			if (!came) return this.stopped ? failed("EIO") : ETIMEDOUT;
		}
	}

	/** A number that no unanswered request has. */
	protected register(operation: OpName): Pending {
		do this.lastId = (this.lastId + 1) & 0xffff;
		while (this.pending.has(this.lastId));
		const pending: Pending = {
			id: this.lastId,
			operation,
			completion: this.driver.fresh(),
			waiting: true,
		};
		this.pending.set(pending.id, pending);
		return pending;
	}

	protected *awaitResponse(pending: Pending): Turns<Answer> {
		if (pending.answer === undefined && !this.stopped)
			yield* waitFor(pending.completion, RESPONSE_MS);
		pending.waiting = false;
		return (
			pending.answer ?? {
				how: "unanswered",
				status: this.stopped ? failed("EIO") : ETIMEDOUT,
				pending,
			}
		);
	}

	/** The interrupt: take every response there is. False when the backend's index is out of bounds. */
	*receive(): Turns<boolean> {
		for (;;) {
			const count = yield* this.ring.finalCheck();
			if (count < 0) return false;
			if (count === 0) return true;
			for (let i = 0; i < count; i++) {
				yield* this.respond(yield* this.ring.take());
				const waiter = this.waiters.shift();
				if (waiter !== undefined)
					yield* ask("completion.complete", { completion: waiter });
			}
		}
	}

	/** Give a response to who waits for it. One that belongs to no unanswered request is consumed and no more. */
	protected *respond(words: Uint32Array): Turns {
		const response = decodeResponse(words);
		const pending = this.pending.get(response.id);
		if (pending === undefined || pending.operation !== response.operation)
			return;
		this.pending.delete(pending.id);
		const status = this.outcome(response.status);
		if (pending.orphan !== undefined) {
			const { orphan } = pending;
			yield* this.connection.settle(orphan, status);
			return;
		}
		pending.answer = { how: "answered", status, edid_sz: response.edid_sz };
		if (pending.waiting)
			yield* ask("completion.complete", { completion: pending.completion });
	}

	/** Anything but 0 is a failure; a positive status is no error number, so it is told as -EIO. */
	protected outcome(status: number): number {
		return status > 0 ? failed("EIO") : status;
	}

	/** No request is published from now on, and nobody waits any more. Responses that still come are taken. */
	*stop(): Turns {
		if (this.stopped) return;
		this.stopped = true;
		const sleepers = [...this.pending.values()]
			.filter(({ waiting }) => waiting)
			.map(({ completion }) => completion)
			.concat(this.waiters);
		this.waiters = [];
		for (const completion of sleepers)
			yield* ask("completion.complete", { completion });
		// Who was in the middle of publishing is through when the lock is ours.
		yield* ask("lock.take", { lock: this.lock });
		yield* ask("lock.give", { lock: this.lock });
	}
}

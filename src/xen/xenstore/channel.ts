/** A connection's two ends of traffic: octets in, messages out. */

import type { StoreConnection } from "./connection.ts";
import {
	RING_OCTETS,
	type RingPage,
	XENSTORE_CONNECTED,
	XENSTORE_RECONNECT,
} from "./ring.ts";
import { MessageReader } from "./wire.ts";

/** Where a socket client's octets go. */
export interface Sink {
	write(octets: Uint8Array): void;
	/** The daemon closes the connection. */
	close(): void;
}

/** Something queued for output: a reply's octets, or "the oldest event". */
export type Output = Uint8Array | "event";

export abstract class Channel {
	readonly connection: StoreConnection;
	readonly reader = new MessageReader();
	readonly output: Output[] = [];
	/** The message being written, and how far it is. */
	current: Uint8Array | undefined;
	written = 0;
	eventsSeen: number;
	resetsSeen: number;

	constructor(connection: StoreConnection) {
		this.connection = connection;
		this.eventsSeen = connection.eventsQueued;
		this.resetsSeen = connection.resets;
	}

	/** Called before each turn: what the daemon asks poll() for. */
	poll(): void {}
	abstract readable(): boolean;
	abstract writable(): boolean;
	/** Up to `count` octets; undefined when the peer broke the transport. */
	abstract read(count: number): Uint8Array | undefined;
	/** How many were taken; undefined when the peer broke the transport. */
	abstract write(octets: Uint8Array): number | undefined;
	/** Whether header and payload of a message go out in one turn. */
	abstract readonly whole: boolean;
	abstract fail(error: number): void;

	restart(): void {
		this.reader.reset();
		this.output.length = 0;
		this.current = undefined;
		this.written = 0;
	}
}

export class SocketChannel extends Channel {
	readonly whole = false;
	private readonly sink: Sink;
	private readonly input: Uint8Array[] = [];
	private wanted = false;

	constructor(connection: StoreConnection, sink: Sink) {
		super(connection);
		this.sink = sink;
	}

	receive(octets: Uint8Array): void {
		if (octets.length > 0) this.input.push(octets);
	}

	override poll(): void {
		this.wanted = this.output.length > 0;
	}

	readable(): boolean {
		return this.input.length > 0;
	}

	writable(): boolean {
		return this.wanted;
	}

	read(count: number): Uint8Array {
		const [first] = this.input;
		if (first === undefined || count === 0) return new Uint8Array(0);
		if (first.length <= count) {
			this.input.shift();
			if (first.length === count) return first;
			const rest = this.read(count - first.length);
			const both = new Uint8Array(first.length + rest.length);
			both.set(first);
			both.set(rest, first.length);
			return both;
		}
		this.input[0] = first.subarray(count);
		return first.subarray(0, count);
	}

	write(octets: Uint8Array): number {
		this.sink.write(octets);
		return octets.length;
	}

	fail(): void {
		this.sink.close();
	}
}

export class RingChannel extends Channel {
	readonly whole = true;
	private readonly page: RingPage;
	private readonly notify: () => void;
	private readonly outstanding: () => number;

	constructor(
		connection: StoreConnection,
		page: RingPage,
		notify: () => void,
		outstanding: () => number,
	) {
		super(connection);
		this.page = page;
		this.notify = notify;
		this.outstanding = outstanding;
	}

	readable(): boolean {
		if (this.connection.ignored) return false;
		const quota = this.outstanding();
		if (quota !== 0) {
			const replies = this.output.filter((item) => item !== "event").length;
			if (replies >= quota) return false;
		}
		return this.page.waiting("req") !== 0;
	}

	writable(): boolean {
		return !this.connection.ignored && this.page.waiting("rsp") !== RING_OCTETS;
	}

	read(count: number): Uint8Array | undefined {
		const octets = this.page.take("req", count);
		if (octets !== undefined) this.notify();
		return octets;
	}

	write(octets: Uint8Array): number | undefined {
		const count = this.page.put("rsp", octets);
		if (count !== undefined) this.notify();
		return count;
	}

	fail(error: number): void {
		this.page.set("error", error);
	}

	override restart(): void {
		super.restart();
		this.page.clear();
		if (this.page.get("connection") === XENSTORE_RECONNECT) {
			this.page.set("connection", XENSTORE_CONNECTED);
			this.notify();
		}
	}

	offer(features: number): void {
		this.page.set("server_features", features);
	}
}

/**
 * The daemon in front of the store: sockets and ring pages, served in turns as the C daemons' main loop does.
 *
 * In each turn every connection has at most one message read and answered, and at most one piece of output written: of a socket a header or a
 * payload, of a ring a whole message if it fits. An event counts as queued until its last octet is written, so how output proceeds decides
 * which events merge.
 */

import {
	type Channel,
	type Output,
	RingChannel,
	type Sink,
	SocketChannel,
} from "./channel.ts";
import type { StoreConnection } from "./connection.ts";
import { dispatch } from "./dispatch.ts";
import {
	RingPage,
	XENSTORE_ERROR_PROTO,
	XENSTORE_ERROR_RINGIDX,
} from "./ring.ts";
import type { XenStore } from "./store.ts";
import { encodeMessage, HEADER_OCTETS, type Message, XS } from "./wire.ts";

/** Finds the page that a domain has granted to the store, and tells the domain of changes in it. */
export interface Rings {
	page(domid: number): Uint8Array | undefined;
	notify(domid: number): void;
}

const NO_RINGS: Rings = { page: () => undefined, notify: () => {} };

export class XenStoreServer {
	readonly store: XenStore;
	private readonly rings: Rings;
	private readonly channels = new Map<StoreConnection, Channel>();

	constructor(store: XenStore, rings: Rings = NO_RINGS) {
		this.store = store;
		this.rings = rings;
		this.settle();
	}

	/** A client connects to the socket. */
	accept(sink: Sink): StoreConnection {
		const connection = this.store.connectPrivileged();
		this.channels.set(connection, new SocketChannel(connection, sink));
		return connection;
	}

	/** Octets from a socket client. */
	receive(connection: StoreConnection, octets: Uint8Array): void {
		const channel = this.channels.get(connection);
		if (channel instanceof SocketChannel) channel.receive(octets);
		this.run();
	}

	/** A socket client has closed its end. */
	hangUp(connection: StoreConnection): void {
		this.channels.delete(connection);
		this.store.disconnect(connection);
		this.run();
	}

	/** Take turns until nothing moves: after an event channel has fired, or the store was changed from elsewhere. */
	run(): void {
		do this.settle();
		while (this.turn());
	}

	private turn(): boolean {
		let moved = false;
		for (const channel of this.channels.values()) channel.poll();
		const connections = [...this.store.connections];
		for (const [index, connection] of connections.entries()) {
			const next = connections[index + 1];
			if (next !== undefined) next.held = true;
			const channel = this.channels.get(connection);
			if (channel?.readable() === true) {
				moved = true;
				this.input(channel);
			}
			connection.held = false;
			if (connection.releasing) {
				this.store.finishRelease(connection);
				this.settle();
			}
			if (channel === undefined) continue;
			if (
				this.channels.has(connection) &&
				channel.output.length > 0 &&
				channel.writable()
			) {
				moved = true;
				this.send(channel);
			}
		}
		return moved || this.waitsForPoll();
	}

	/** Output that was queued in this turn goes out from the next one on. */
	private waitsForPoll(): boolean {
		for (const channel of this.channels.values())
			if (channel.output.length > 0 && !channel.whole) return true;
		return false;
	}

	/** Read up to one message and answer it. */
	private input(channel: Channel): void {
		const { reader } = channel;
		for (const part of ["header", "payload"]) {
			if (part === "payload" && !reader.inPayload) return;
			if (part === "header" && reader.inPayload) continue;
			const octets = channel.read(reader.wants);
			if (octets === undefined) {
				this.fail(channel, XENSTORE_ERROR_RINGIDX);
				return;
			}
			const message = reader.take(octets);
			if (message === "oversize") {
				this.fail(channel, XENSTORE_ERROR_PROTO);
				return;
			}
			if (message !== undefined) {
				this.answer(channel, message);
				return;
			}
		}
	}

	private answer(channel: Channel, message: Message): void {
		const { connection } = channel;
		const reply = dispatch(this.store, connection, message);
		// The event of a new watch is its first and comes after the reply; what a request changes is told before it is answered.
		const after =
			reply.type === XS.WATCH ||
			(this.store.options.eventOrder === "after-reply" &&
				reply.type !== XS.TRANSACTION_END);
		const octets = encodeMessage(reply);
		if (after) channel.output.push(octets);
		this.settle();
		if (!after) channel.output.push(octets);
	}

	/** Write one piece of the oldest message. */
	private send(channel: Channel): void {
		channel.current ??= this.oldest(channel);
		const { current } = channel;
		const header = channel.written < HEADER_OCTETS;
		if (header) {
			const count = channel.write(
				current.subarray(channel.written, HEADER_OCTETS),
			);
			if (count === undefined) {
				this.fail(channel, XENSTORE_ERROR_RINGIDX);
				return;
			}
			channel.written += count;
			if (channel.written < HEADER_OCTETS) return;
			if (current.length > HEADER_OCTETS && !channel.whole) return;
		}
		const count = channel.write(current.subarray(channel.written));
		if (count === undefined) {
			this.fail(channel, XENSTORE_ERROR_RINGIDX);
			return;
		}
		channel.written += count;
		if (channel.written < current.length) return;
		if (channel.output.shift() === "event") channel.connection.events.shift();
		channel.current = undefined;
		channel.written = 0;
	}

	private oldest(channel: Channel): Uint8Array {
		const item = channel.output[0] as Output;
		if (item !== "event") return item;
		const event = channel.connection.events[0];
		if (event === undefined) throw new Error("an event was taken elsewhere");
		return encodeMessage({
			type: XS.WATCH_EVENT,
			reqId: 0,
			txId: 0,
			payload: `${event.path}\0${event.token}\0`,
		});
	}

	private fail(channel: Channel, error: number): void {
		const { connection } = channel;
		if (channel instanceof RingChannel) {
			channel.fail(error);
			this.store.ignore(connection);
			channel.reader.reset();
			channel.output.length = 0;
			channel.current = undefined;
			channel.resetsSeen = connection.resets;
			return;
		}
		// What is queued still goes out.
		while (channel.output.length > 0) this.send(channel);
		channel.fail(error);
		this.channels.delete(connection);
		this.store.disconnect(connection);
	}

	/** Follow the store: new rings, ended and restarted connections, new events. */
	private settle(): void {
		for (const connection of this.channels.keys())
			if (connection.closed) this.channels.delete(connection);
		for (const connection of this.store.connections) {
			const channel = this.channels.get(connection) ?? this.ring(connection);
			if (channel === undefined) continue;
			if (channel.resetsSeen !== connection.resets) {
				channel.resetsSeen = connection.resets;
				channel.restart();
				channel.eventsSeen = connection.eventsQueued;
			}
			while (channel.eventsSeen < connection.eventsQueued) {
				channel.eventsSeen++;
				channel.output.push("event");
			}
		}
	}

	private ring(connection: StoreConnection): Channel | undefined {
		const { domain } = connection;
		if (domain === undefined || connection.ignored) return undefined;
		const octets = this.rings.page(domain.domid);
		if (octets === undefined) return undefined;
		const quota = () =>
			connection.privileged
				? 0
				: this.store.domains.quotaOf(domain, "outstanding");
		const channel = new RingChannel(
			connection,
			new RingPage(octets),
			() => this.rings.notify(domain.domid),
			quota,
		);
		if (this.store.daemon.specialNodes) channel.offer(domain.features);
		channel.resetsSeen = 0;
		this.channels.set(connection, channel);
		return channel;
	}
}

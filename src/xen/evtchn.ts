/**
 * Event channels: the ports of all domains (event_channel.h, xen/common/event_channel.c).
 *
 * A port carries one bit. Binding sets the new port pending once; closing one end turns the other unbound again, without telling it.
 */
import { DOMID_SELF } from "./abi/domid.ts";
import {
	EVTCHN_FIFO_NR_CHANNELS,
	EVTCHNSTAT_closed,
	EVTCHNSTAT_interdomain,
	EVTCHNSTAT_unbound,
} from "./abi/event-channel.ts";

export interface Port {
	state: number;
	/** unbound: who may bind; interdomain: who is at the other end. */
	remote: number;
	remotePort: number;
	pending: boolean;
	masked: boolean;
}

export class Ports {
	readonly domid: number;
	/** Numbers from 1 up to this many; port 0 is reserved. */
	readonly limit: number;
	protected readonly ports: (Port | undefined)[] = [undefined];
	/** No number below it is free. */
	protected lowest = 1;
	/** Ports in use. */
	count = 0;
	/** Torn down: it gets no port any more. */
	dying = false;

	constructor(domid: number, limit: number) {
		this.domid = domid;
		this.limit = Math.min(limit, EVTCHN_FIFO_NR_CHANNELS - 1);
	}

	get(port: number): Port | undefined {
		return this.ports[port];
	}

	/** The lowest free number, 0 when there is none left. */
	open(state: number, remote: number, remotePort: number): number {
		let port = this.lowest;
		while (this.ports[port] !== undefined) port += 1;
		this.lowest = port;
		if (port > this.limit) return 0;
		this.ports[port] = {
			state,
			remote,
			remotePort,
			pending: false,
			masked: false,
		};
		this.count += 1;
		return port;
	}

	remove(port: number): void {
		this.ports[port] = undefined;
		this.lowest = Math.min(this.lowest, port);
		this.count -= 1;
	}

	/** Numbers in use, ascending. */
	numbers(): number[] {
		const used: number[] = [];
		for (let port = 1; port < this.ports.length; port++)
			if (this.ports[port] !== undefined) used.push(port);
		return used;
	}
}

/** Why an event channel operation was refused, in errno's words. */
export type EvtchnError = "EINVAL" | "ENOSPC" | "ESRCH";

export class EventChannels {
	protected readonly tables = new Map<number, Ports>();

	add(domid: number, limit: number): void {
		this.tables.set(domid, new Ports(domid, limit));
	}

	table(domid: number): Ports | undefined {
		return this.tables.get(domid);
	}

	allocUnbound(domid: number, remote: number): number | EvtchnError {
		const ports = this.tables.get(domid);
		if (ports === undefined || ports.dying) return "EINVAL";
		const who = remote === DOMID_SELF ? domid : remote;
		const port = ports.open(EVTCHNSTAT_unbound, who, 0);
		return port === 0 ? "ENOSPC" : port;
	}

	bindInterdomain(
		domid: number,
		remote: number,
		remotePort: number,
	): number | EvtchnError {
		const ports = this.tables.get(domid);
		if (ports === undefined || ports.dying) return "EINVAL";
		const who = remote === DOMID_SELF ? domid : remote;
		const theirs = this.tables.get(who);
		if (theirs === undefined) return "ESRCH";
		const other = theirs.get(remotePort);
		if (
			other === undefined ||
			other.state !== EVTCHNSTAT_unbound ||
			other.remote !== domid
		)
			return "EINVAL";
		const port = ports.open(EVTCHNSTAT_interdomain, who, remotePort);
		if (port === 0) return "ENOSPC";
		other.state = EVTCHNSTAT_interdomain;
		other.remotePort = port;
		// A notification sent before the binding would be lost: xen sets the new port pending once.
		(ports.get(port) as Port).pending = true;
		return port;
	}

	/** Silently dropped on an unbound port; many sends before the receiver looks arrive as one. */
	send(domid: number, port: number): 0 | EvtchnError {
		const own = this.tables.get(domid)?.get(port);
		if (own === undefined) return "EINVAL";
		if (own.state === EVTCHNSTAT_unbound) return 0;
		const other = this.tables.get(own.remote)?.get(own.remotePort);
		if (other !== undefined) other.pending = true;
		return 0;
	}

	close(domid: number, port: number): 0 | EvtchnError {
		const ports = this.tables.get(domid);
		const own = ports?.get(port);
		if (ports === undefined || own === undefined) return "EINVAL";
		if (own.state === EVTCHNSTAT_interdomain) {
			const other = this.tables.get(own.remote)?.get(own.remotePort);
			if (other !== undefined) {
				other.state = EVTCHNSTAT_unbound;
				other.remote = domid;
				other.remotePort = 0;
			}
		}
		ports.remove(port);
		return 0;
	}

	/** EVTCHNSTAT_* of a port; closed for a free one. */
	state(domid: number, port: number): number {
		return this.tables.get(domid)?.get(port)?.state ?? EVTCHNSTAT_closed;
	}

	/** All ports of a domain close, lowest first: EVTCHNOP_reset and domain destruction. */
	reset(domid: number): void {
		const ports = this.tables.get(domid);
		if (ports === undefined) return;
		for (const port of ports.numbers()) this.close(domid, port);
	}

	/** Teardown: its ports close. The domain still exists, and whoever asks for one of them finds none. */
	destroy(domid: number): void {
		this.reset(domid);
		const ports = this.tables.get(domid);
		if (ports !== undefined) ports.dying = true;
	}

	/** The domain exists no more. */
	remove(domid: number): void {
		this.tables.delete(domid);
	}
}

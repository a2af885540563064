/**
 * Event channels as the calls and their answers tell of them: a second set of books beside the hypervisor's own. What an answer of a fault says
 * is believed, but nothing is concluded from it; a notification that a fault struck may still arrive, or not.
 */
import type { CallEntry } from "../../journal/entry.ts";
import { DOMID_SELF } from "../../xen/abi/domid.ts";
import {
	EVTCHNSTAT_closed,
	EVTCHNSTAT_interdomain,
	EVTCHNSTAT_unbound,
} from "../../xen/abi/event-channel.ts";
import { SecondBooks } from "./books.ts";

/** `life`: a port is valid from its opening to its closing, for its owner. `delivery`: an event reaches the other end, and nobody else. */
export type PortPromise = "life" | "delivery";

interface Port {
	/** Who may bind it, or who is at the other end. */
	remote: number;
	/** 0 while it is unbound. */
	remotePort: number;
	pending: "yes" | "no" | "maybe";
	masked: boolean;
}

const ENOSPC = -28;
const ETIMEDOUT = -110;
/** EVTCHNSTAT_* as a word. */
const STATES: Readonly<Record<number, string>> = {
	[EVTCHNSTAT_closed]: "closed",
	[EVTCHNSTAT_unbound]: "unbound",
	[EVTCHNSTAT_interdomain]: "bound",
};

export class PortBooks extends SecondBooks<PortPromise> {
	private readonly domains = new Map<number, Map<number, Port>>([
		[0, new Map()],
	]);

	protected enter(entry: CallEntry): void {
		switch (entry.kind) {
			case "evtchn.alloc-unbound":
				this.allocated(entry);
				return;
			case "evtchn.bind-interdomain":
				this.bound(entry);
				return;
			case "evtchn.notify":
				this.notified(entry);
				return;
			case "evtchn.mask":
			case "evtchn.unmask": {
				const own = this.used(entry);
				if (own !== undefined) own.masked = entry.kind === "evtchn.mask";
				return;
			}
			case "evtchn.close":
				if (this.used(entry) !== undefined)
					this.close(entry.domid, entry.call.port);
				return;
			case "evtchn.status":
				this.looked(entry);
				return;
			case "evtchn.reset":
				if (entry.reply.status === 0) this.closeAll(entry.domid);
				return;
			case "driver.exit":
				if (entry.reply.status === 0) this.closeAll(entry.call.domid);
				return;
			case "domain.create":
				if (entry.reply.status === 0)
					this.domains.set(entry.call.domid, new Map());
				return;
			case "domain.destroy":
				if (entry.reply.status !== 0) return;
				this.closeAll(entry.call.domid);
				this.domains.delete(entry.call.domid);
				return;
			case "wait":
				this.waited(entry);
				return;
			default:
		}
	}

	private ports(domid: number): Map<number, Port> {
		let ports = this.domains.get(domid);
		if (ports === undefined) {
			ports = new Map();
			this.domains.set(domid, ports);
		}
		return ports;
	}

	private port(domid: number, port: number): Port | undefined {
		return this.domains.get(domid)?.get(port);
	}

	private fresh(domid: number, port: number): void {
		if (port === 0 || this.port(domid, port) !== undefined)
			this.wrong(
				"life",
				"opens a port that is open already",
				"a number that is free, not 0",
				`port ${port}`,
			);
	}

	private allocated({
		domid,
		call,
		reply,
		fault,
	}: CallEntry<"evtchn.alloc-unbound">): void {
		if (reply.status !== 0) {
			if (fault === 0 && reply.status !== ENOSPC)
				this.wrong(
					"life",
					"cannot open a port",
					"a port, or -ENOSPC when there is none left",
					`status ${reply.status}`,
				);
			return;
		}
		this.fresh(domid, reply.port);
		this.ports(domid).set(reply.port, {
			remote: call.remote === DOMID_SELF ? domid : call.remote,
			remotePort: 0,
			pending: "no",
			masked: false,
		});
	}

	private bound({
		domid,
		call,
		reply,
		fault,
	}: CallEntry<"evtchn.bind-interdomain">): void {
		const remote = call.remote === DOMID_SELF ? domid : call.remote;
		const other = this.port(remote, call.remote_port);
		const free =
			other !== undefined && other.remotePort === 0 && other.remote === domid;
		if (reply.status !== 0) {
			if (fault === 0 && free && reply.status !== ENOSPC)
				this.wrong(
					"life",
					"cannot bind a port that waits for it",
					"a port, or -ENOSPC when there is none left",
					`status ${reply.status}`,
				);
			return;
		}
		if (!free && fault === 0)
			this.wrong(
				"life",
				`binds port ${call.remote_port} of domain ${remote}, which is not there for it`,
				"-EINVAL",
				other === undefined
					? "the port is not open"
					: other.remotePort !== 0
						? "the port is bound already"
						: `the port waits for domain ${other.remote}`,
			);
		this.fresh(domid, reply.port);
		this.ports(domid).set(reply.port, {
			remote,
			remotePort: call.remote_port,
			// Whatever was sent before nobody has seen: a new end begins with one event.
			pending: "yes",
			masked: false,
		});
		if (other !== undefined) {
			other.remote = domid;
			other.remotePort = reply.port;
		}
	}

	/** The caller's port that a call names, unless it was refused. */
	private used({
		domid,
		call,
		reply,
		fault,
	}: CallEntry<
		"evtchn.notify" | "evtchn.mask" | "evtchn.unmask" | "evtchn.close"
	>): Port | undefined {
		const own = this.port(domid, call.port);
		if (fault === 0 && (own !== undefined) !== (reply.status === 0))
			this.wrong(
				"life",
				own === undefined
					? `may use port ${call.port}, which it does not have`
					: `is refused its own port ${call.port}`,
				own === undefined
					? "-EINVAL: a port is valid from its opening to its closing, for its owner"
					: "success",
				`status ${reply.status}`,
			);
		return reply.status === 0 ? own : undefined;
	}

	private notified(entry: CallEntry<"evtchn.notify">): void {
		const own = this.used(entry);
		if (own === undefined || own.remotePort === 0) return;
		const other = this.port(own.remote, own.remotePort);
		if (other === undefined) return;
		if (entry.fault === 0) other.pending = "yes";
		else if (other.pending === "no") other.pending = "maybe";
		// What a fault makes late may come at any time from now on.
		if (entry.fault !== 0) this.late.add(other);
	}
	/** Ports for which a notification may be on its way. */
	private readonly late = new WeakSet<Port>();

	private looked({
		domid,
		call,
		reply,
		fault,
	}: CallEntry<"evtchn.status">): void {
		if (reply.status !== 0 || fault !== 0) return;
		const own = this.port(domid, call.port);
		const state =
			own === undefined
				? EVTCHNSTAT_closed
				: own.remotePort === 0
					? EVTCHNSTAT_unbound
					: EVTCHNSTAT_interdomain;
		const told = (text: string, is: string, says: string) =>
			this.wrong("life", `sees port ${call.port} ${text}`, is, says);
		if (reply.state !== state) {
			told(
				STATES[reply.state] ?? `in state ${reply.state}`,
				STATES[state] as string,
				STATES[reply.state] ?? String(reply.state),
			);
			return;
		}
		if (own === undefined) return;
		if (reply.remote !== own.remote || reply.remote_port !== own.remotePort)
			told(
				"with another end than it has",
				`port ${own.remotePort} of domain ${own.remote}`,
				`port ${reply.remote_port} of domain ${reply.remote}`,
			);
		if (reply.masked !== own.masked)
			told(
				reply.masked ? "masked" : "unmasked",
				own.masked ? "masked" : "unmasked",
				reply.masked ? "masked" : "unmasked",
			);
		if (
			own.pending !== "maybe" &&
			!this.late.has(own) &&
			reply.pending !== (own.pending === "yes")
		)
			this.wrong(
				"delivery",
				`sees ${reply.pending ? "an event" : "no event"} on port ${call.port}`,
				own.pending === "yes"
					? "an event, for the other end has notified"
					: "no event, for nobody has notified",
				reply.pending ? "pending" : "not pending",
			);
	}

	private waited({ domid, call, reply, fault }: CallEntry<"wait">): void {
		if (fault !== 0) return;
		if (reply.status === ETIMEDOUT) {
			for (let i = 0; i < call.ports.length; i++) {
				const number = call.ports[i] as number;
				const port = this.port(domid, number);
				if (port?.pending === "yes" && !port.masked)
					this.wrong(
						"delivery",
						`is not woken by port ${number}`,
						"the event that its other end has sent",
						"-ETIMEDOUT",
					);
			}
			return;
		}
		if (reply.status !== 0 || reply.cause !== "port") return;
		const port = this.port(domid, reply.port);
		const asked = Array.prototype.includes.call(call.ports, reply.port);
		if (port === undefined || !asked)
			this.wrong(
				"delivery",
				`is woken by port ${reply.port}`,
				"one of its own open ports that it waits for",
				port === undefined ? "a port that is not open" : "another port",
			);
		else if (port.masked || (port.pending === "no" && !this.late.has(port)))
			this.wrong(
				"delivery",
				`is woken by port ${reply.port}`,
				port.masked
					? "no event while the port is masked"
					: "an event only when the other end has notified",
				"an event",
			);
		if (port !== undefined) port.pending = "no";
	}

	/** The port is free again; its other end waits for the same domain. */
	private close(domid: number, port: number): void {
		const own = this.port(domid, port);
		if (own === undefined) return;
		this.ports(domid).delete(port);
		if (own.remotePort === 0) return;
		const other = this.port(own.remote, own.remotePort);
		if (other === undefined || other === own) return;
		other.remote = domid;
		other.remotePort = 0;
	}

	private closeAll(domid: number): void {
		for (const port of [...(this.domains.get(domid)?.keys() ?? [])])
			this.close(domid, port);
	}
}

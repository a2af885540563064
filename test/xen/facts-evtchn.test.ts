/** Section 10: event channels. */
import { expect } from "vitest";
import { DOMID_SELF } from "../../src/xen/abi/domid.ts";
import * as EVTCHN from "../../src/xen/abi/event-channel.ts";
import { DOMAIN_LIMITS } from "../../src/xen/world.ts";
import {
	BACK,
	Conversation,
	EINVAL,
	ENOSPC,
	ESRCH,
	FRONT,
	OTHER,
	TOOLSTACK,
	WRITABLE,
} from "./conversation.ts";
import { facts } from "./fact.ts";

const { fact, complete } = facts("evtchn");

const {
	EVTCHNSTAT_closed: CLOSED,
	EVTCHNSTAT_interdomain: INTERDOMAIN,
	EVTCHNSTAT_unbound: UNBOUND,
} = EVTCHN;

const unbound = (talk: Conversation, who: number, remote: number) =>
	talk.row(who, "evtchn.alloc-unbound", { remote }).port;
const bind = (
	talk: Conversation,
	who: number,
	remote: number,
	remote_port: number,
	status = 0,
) =>
	talk.row(who, "evtchn.bind-interdomain", { remote, remote_port }, status)
		.port;
const status = (talk: Conversation, who: number, port: number) =>
	talk.row(who, "evtchn.status", { port });
const hears = (talk: Conversation, who: number, port: number) =>
	talk.awaits(who, { ports: [port] }) !== undefined;

fact("10.1", "port 0 is never valid", (talk) => {
	expect(unbound(talk, FRONT, BACK)).toBe(1);
	talk.row(FRONT, "evtchn.notify", { port: 0 }, EINVAL);
	talk.row(FRONT, "evtchn.close", { port: 0 }, EINVAL);
	talk.row(FRONT, "evtchn.unmask", { port: 0 }, EINVAL);
	bind(talk, BACK, FRONT, 0, EINVAL);
	// The same number is another port in another domain.
	talk.row(BACK, "evtchn.notify", { port: 1 }, EINVAL);
	expect(unbound(talk, BACK, FRONT)).toBe(1);
});

fact("10.2", "1023 ports, and never more than FIFO has", (talk) => {
	expect(EVTCHN.EVTCHN_2L_NR_CHANNELS).toBe(4096);
	expect(EVTCHN.EVTCHN_FIFO_NR_CHANNELS).toBe(131072);
	expect(DOMAIN_LIMITS.ports).toBe(1023);
	for (let port = 1; port <= 1023; port++)
		expect(unbound(talk, FRONT, BACK)).toBe(port);
	talk.row(FRONT, "evtchn.alloc-unbound", { remote: BACK }, ENOSPC);
	// A toolstack that sets no limit does not raise that of the scheme: port 0 is one of the 131072.
	const wide = new Conversation({ ports: 0x7fff_ffff });
	let last = 0;
	for (;;) {
		const reply = wide.ask(FRONT, "evtchn.alloc-unbound", { remote: BACK });
		if (reply.status !== 0) break;
		last = reply.port;
	}
	expect(last).toBe(131071);
	wide.row(FRONT, "evtchn.alloc-unbound", { remote: BACK }, ENOSPC);
});

fact("10.3", "the lowest free number, ENOSPC, or EINVAL when dying", () => {
	const talk = new Conversation({ ports: 3 });
	for (const port of [1, 2, 3]) expect(unbound(talk, FRONT, BACK)).toBe(port);
	talk.row(FRONT, "evtchn.alloc-unbound", { remote: BACK }, ENOSPC);
	talk.row(FRONT, "evtchn.close", { port: 3 });
	talk.row(FRONT, "evtchn.close", { port: 2 });
	expect(unbound(talk, FRONT, BACK)).toBe(2);
	const theirs = unbound(talk, BACK, FRONT);
	expect(bind(talk, FRONT, BACK, theirs)).toBe(3);
	const another = unbound(talk, BACK, FRONT);
	bind(talk, FRONT, BACK, another, ENOSPC);
	expect(status(talk, BACK, another)).toMatchObject({ state: UNBOUND });
	// A page that stays mapped makes it a zombie.
	talk.map(BACK, FRONT, talk.lend(FRONT, BACK).ref, WRITABLE);
	talk.row(TOOLSTACK, "domain.destroy", { domid: FRONT }, { zombie: true });
	talk.row(FRONT, "evtchn.alloc-unbound", { remote: BACK }, EINVAL);
	bind(talk, FRONT, BACK, another, EINVAL);
});

fact("10.4", "a port is allocated for a named domain", (talk) => {
	const port = unbound(talk, FRONT, BACK);
	expect(status(talk, FRONT, port)).toMatchObject({
		state: UNBOUND,
		remote: BACK,
	});
	bind(talk, OTHER, FRONT, port, EINVAL);
	bind(talk, BACK, FRONT, port);
	// The domain that may connect can be the caller, by number or as DOMID_SELF.
	for (const self of [FRONT, DOMID_SELF]) {
		const near = unbound(talk, FRONT, self);
		const far = bind(talk, FRONT, self, near);
		expect(status(talk, FRONT, far)).toMatchObject({
			state: INTERDOMAIN,
			remote: FRONT,
			remote_port: near,
		});
		talk.row(FRONT, "evtchn.notify", { port: far });
		expect(hears(talk, FRONT, near)).toBe(true);
	}
});

fact("10.5", "binding joins two ports", (talk) => {
	bind(talk, BACK, 99, 1, ESRCH);
	bind(talk, BACK, FRONT, 1, EINVAL);
	const near = unbound(talk, FRONT, BACK);
	unbound(talk, BACK, OTHER);
	const far = bind(talk, BACK, FRONT, near);
	expect(far).toBe(2);
	expect(status(talk, FRONT, near)).toMatchObject({
		state: INTERDOMAIN,
		remote: BACK,
		remote_port: far,
	});
	expect(status(talk, BACK, far)).toMatchObject({
		state: INTERDOMAIN,
		remote: FRONT,
		remote_port: near,
	});
	// Once only.
	bind(talk, BACK, FRONT, near, EINVAL);
	// A domain that is being torn down is still known, but has no port.
	const left = unbound(talk, FRONT, BACK);
	talk.map(BACK, FRONT, talk.lend(FRONT, BACK).ref);
	talk.row(TOOLSTACK, "domain.destroy", { domid: FRONT }, { zombie: true });
	bind(talk, BACK, FRONT, left, EINVAL);
});

fact("10.6", "a bound port is pending once", (talk) => {
	const near = unbound(talk, FRONT, BACK);
	const far = bind(talk, BACK, FRONT, near);
	expect(status(talk, BACK, far)).toMatchObject({ pending: true });
	expect(status(talk, FRONT, near)).toMatchObject({ pending: false });
	expect(hears(talk, BACK, far)).toBe(true);
	expect(hears(talk, BACK, far)).toBe(false);
	expect(hears(talk, FRONT, near)).toBe(false);
});

fact("10.7", "sending where nobody is", (talk) => {
	const port = unbound(talk, FRONT, BACK);
	talk.row(FRONT, "evtchn.notify", { port });
	expect(hears(talk, FRONT, port)).toBe(false);
	talk.row(FRONT, "evtchn.notify", { port: 2 }, EINVAL);
	talk.row(FRONT, "evtchn.close", { port });
	talk.row(FRONT, "evtchn.notify", { port }, EINVAL);
});

fact("10.8", "a port carries one bit", (talk) => {
	const { near, far } = talk.link(FRONT, BACK);
	for (let sends = 5; sends > 0; sends--)
		talk.row(FRONT, "evtchn.notify", { port: near });
	expect(hears(talk, BACK, far)).toBe(true);
	expect(hears(talk, BACK, far)).toBe(false);
	expect(hears(talk, FRONT, near)).toBe(false);
});

fact("10.9", "a receiver clears before it looks", (talk) => {
	const { near, far } = talk.link(FRONT, BACK);
	talk.row(FRONT, "evtchn.notify", { port: near });
	// The wait itself clears: what is sent while the receiver looks for work is not lost.
	expect(hears(talk, BACK, far)).toBe(true);
	expect(status(talk, BACK, far)).toMatchObject({ pending: false });
	talk.row(FRONT, "evtchn.notify", { port: near });
	expect(hears(talk, BACK, far)).toBe(true);
});

fact("10.10", "a masked port keeps its event", (talk) => {
	const { near, far } = talk.link(FRONT, BACK);
	talk.row(BACK, "evtchn.mask", { port: far });
	talk.row(FRONT, "evtchn.notify", { port: near });
	expect(hears(talk, BACK, far)).toBe(false);
	expect(status(talk, BACK, far)).toMatchObject({
		pending: true,
		masked: true,
	});
	talk.row(BACK, "evtchn.unmask", { port: far });
	expect(hears(talk, BACK, far)).toBe(true);
	// Without one there is nothing to deliver.
	talk.row(BACK, "evtchn.mask", { port: far });
	talk.row(BACK, "evtchn.unmask", { port: far });
	expect(hears(talk, BACK, far)).toBe(false);
});

fact("10.11", "closing one end leaves the other unbound", (talk) => {
	const { near, far } = talk.link(FRONT, BACK);
	talk.row(FRONT, "evtchn.notify", { port: near });
	talk.row(BACK, "evtchn.close", { port: far });
	expect(status(talk, BACK, far)).toMatchObject({
		state: CLOSED,
		pending: false,
	});
	expect(status(talk, FRONT, near)).toMatchObject({
		state: UNBOUND,
		remote: BACK,
		pending: false,
	});
	expect(hears(talk, FRONT, near)).toBe(false);
	talk.row(FRONT, "evtchn.notify", { port: near });
	// The number that is given out again has no event of old.
	expect(unbound(talk, BACK, OTHER)).toBe(far);
	expect(hears(talk, BACK, far)).toBe(false);
	// Only who has closed may come back.
	bind(talk, OTHER, FRONT, near, EINVAL);
	const again = bind(talk, BACK, FRONT, near);
	talk.row(FRONT, "evtchn.notify", { port: near });
	expect(hears(talk, BACK, again)).toBe(true);
});

fact("10.12", "closing what is not open", (talk) => {
	const port = unbound(talk, FRONT, BACK);
	talk.row(FRONT, "evtchn.close", { port });
	talk.row(FRONT, "evtchn.close", { port }, EINVAL);
	talk.row(FRONT, "evtchn.close", { port: 0 }, EINVAL);
	talk.row(FRONT, "evtchn.close", { port: 0xffff_ffff }, EINVAL);
});

fact("10.14", "a domain's end closes its ports", (talk) => {
	const links = [talk.link(FRONT, BACK), talk.link(FRONT, BACK)];
	const waiting = unbound(talk, FRONT, BACK);
	talk.row(TOOLSTACK, "domain.destroy", { domid: BACK });
	for (const { near } of links) {
		expect(status(talk, FRONT, near)).toMatchObject({
			state: UNBOUND,
			remote: BACK,
			pending: false,
		});
		talk.row(FRONT, "evtchn.notify", { port: near });
	}
	expect(status(talk, FRONT, waiting)).toMatchObject({ state: UNBOUND });
	// A domain of that number that lives again has no ports of the dead.
	talk.row(TOOLSTACK, "domain.create", { domid: BACK });
	talk.row(BACK, "evtchn.notify", { port: 1 }, EINVAL);
	expect(bind(talk, BACK, FRONT, waiting)).toBe(1);
});

fact("10.15", "port states", () => {
	expect([
		EVTCHN.EVTCHNSTAT_closed,
		EVTCHN.EVTCHNSTAT_unbound,
		EVTCHN.EVTCHNSTAT_interdomain,
		EVTCHN.EVTCHNSTAT_pirq,
		EVTCHN.EVTCHNSTAT_virq,
		EVTCHN.EVTCHNSTAT_ipi,
	]).toEqual([0, 1, 2, 3, 4, 5]);
});

fact("10.16", "reset closes all ports", (talk) => {
	const { near, far } = talk.link(FRONT, BACK);
	const own = talk.link(BACK, BACK);
	unbound(talk, BACK, OTHER);
	talk.row(BACK, "evtchn.reset", {});
	for (const port of [far, own.near, own.far])
		expect(status(talk, BACK, port)).toMatchObject({ state: CLOSED });
	expect(status(talk, FRONT, near)).toMatchObject({ state: UNBOUND });
	expect(unbound(talk, BACK, FRONT)).toBe(1);
});

fact("10.17", "after a backend's death the frontend's ports wait", (talk) => {
	const { near } = talk.link(FRONT, BACK);
	talk.row(TOOLSTACK, "domain.destroy", { domid: BACK });
	talk.row(TOOLSTACK, "domain.create", { domid: BACK });
	// The new backend could bind it.
	const far = bind(talk, BACK, FRONT, near);
	talk.row(BACK, "evtchn.close", { port: far });
	// Linux' frontend closes it, and whoever comes late finds nothing.
	talk.row(FRONT, "evtchn.close", { port: near });
	bind(talk, BACK, FRONT, near, EINVAL);
	talk.link(FRONT, BACK);
});

complete();

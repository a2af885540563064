/** Every recorded conversation, played over the wire against our store in the manner of each C daemon. */

import { describe, expect, test } from "vitest";
import {
	encodeMessage,
	type Message,
	XS,
} from "../../src/xen/xenstore/wire.ts";
import { Bench, type Client, typeName } from "./bench.ts";
import {
	CASES,
	type Case,
	expected,
	type Received,
	type Result,
	type Sent,
	type Step,
} from "./oracle.ts";

/** Where we choose to differ: case and daemon, with the reason. A case that is listed and agrees fails. */
const DIFFERS: Readonly<Record<string, string>> = {};

class Player {
	private readonly bench: Bench;
	private readonly daemon: "c417" | "c423";
	private readonly who: Case;
	private readonly captured = new Map<string, string>();
	private nextRequest = 1;

	constructor(who: Case, daemon: "c417" | "c423") {
		this.who = who;
		this.daemon = daemon;
		this.bench = new Bench(daemon);
		const setup = this.bench.socket("");
		for (const domid of who.domains ?? []) {
			this.bench.domain(domid);
			const home = `/local/domain/${domid}\0`;
			for (const [type, payload] of [
				[XS.MKDIR, home],
				[XS.SET_PERMS, `${home}n${domid}\0`],
				[XS.INTRODUCE, `${domid}\0${1}\0${2}\0`],
			] as const)
				setup.send(encodeMessage({ type, reqId: 0, txId: 0, payload }));
			setup.received();
		}
		for (const name of Object.keys(who.connections))
			if (/^d\d/.test(name)) this.client(name);
	}

	private client(name: string): Client {
		const known = this.bench.clients.get(name);
		if (known !== undefined) return known;
		const domid = /^[a-z](\d+)$/.exec(name)?.[1];
		if (domid === undefined) return this.bench.socket(name);
		const guest = this.bench.guest(Number(domid));
		this.bench.clients.set(name, guest);
		return guest;
	}

	private encode({ typeId, tx, payload }: Sent): [Uint8Array, Message] {
		const txId =
			typeof tx === "string"
				? Number(this.captured.get(tx.slice(1)))
				: (tx ?? 0);
		const reqId = this.nextRequest++;
		const message = { type: typeId, reqId, txId, payload };
		return [encodeMessage(message), message];
	}

	/** What our daemon does in this step, in the form of the recording. */
	play(step: Step): Result {
		const want = expected(step, this.daemon);
		let result: Result = {};
		if (step.action !== undefined) this.act(step.action);
		else if (step.burst !== undefined)
			result = { stream: this.burst(step.conn as string, step.burst) };
		else if (step.loop !== undefined)
			result = { runs: this.loop(step.conn as string, step.loop, want) };
		else if (step.raw !== undefined) result = this.raw(step);
		else if (step.req !== undefined)
			result = this.request(step.conn as string, step.req);
		if (step.capture !== undefined && result.reply)
			result.reply = this.capture(step.capture, result.reply);
		if (want.ring !== undefined) {
			const { page } = this.bench.clients.get(
				(step.action?.conn ?? step.conn) as string,
			) as ReturnType<Bench["guest"]>;
			result.ring = Object.fromEntries(
				Object.keys(want.ring).map((word) => [word, page.get(word as never)]),
			);
		}
		const others = this.fence();
		if (Object.keys(others).length > 0) result.others = others;
		return result;
	}

	private request(conn: string, sent: Sent): Result {
		const client = this.client(conn);
		const [octets, message] = this.encode(sent);
		if (sent.split === true)
			for (const octet of octets) client.send(Uint8Array.of(octet));
		else client.send(octets);
		this.bench.run();
		const messages = client.received();
		const at = messages.findIndex(({ type }) => type !== XS.WATCH_EVENT);
		const result: Result = {
			reply: at < 0 ? null : received(messages[at] as Message, message),
		};
		const before = messages.slice(0, at).map((event) => received(event));
		const after = messages.slice(at + 1).map((event) => received(event));
		if (before.length > 0) result.before = before;
		if (after.length > 0) result.after = after;
		return result;
	}

	private burst(conn: string, list: Sent[]): Received[] {
		const client = this.client(conn);
		const sent = list.map((one) => this.encode(one));
		client.send(Uint8Array.from(sent.flatMap(([octets]) => [...octets])));
		this.bench.run();
		return client.received().map((message) => {
			if (message.type === XS.WATCH_EVENT) return received(message);
			const of = sent.findIndex(([, { reqId }]) => reqId === message.reqId);
			return { ...received(message), of };
		});
	}

	private loop(conn: string, loop: Step["loop"] & object, want: Result) {
		const runs: { fromIndex: number; reply: Received }[] = [];
		for (let i = 0; i < loop.count; i++) {
			const payload = loop.template.replaceAll(
				/%(?:\((i|hi|lo)\))?(0\d+)?d/g,
				(_, name: string | undefined, width: string | undefined) => {
					const value =
						name === "hi" ? Math.floor(i / 100) : name === "lo" ? i % 100 : i;
					return String(value).padStart(Number(width ?? 0), "0");
				},
			);
			const { reply } = this.request(conn, { ...loop, payload });
			if (!reply) throw new Error(`no reply to ${payload}`);
			const last = runs.at(-1)?.reply;
			const model = want.runs?.findLast(({ fromIndex }) => fromIndex <= i);
			if (model?.reply.payload === "*") reply.payload = "*";
			if (last?.type !== reply.type || last.payload !== reply.payload)
				runs.push({ fromIndex: i, reply });
		}
		return runs;
	}

	private raw({ conn, raw }: Step): Result {
		if (raw === undefined) throw new Error("no raw message");
		const client = this.client(conn as string);
		const octets = encodeMessage({
			type: raw.type,
			reqId: raw.req_id,
			txId: raw.tx_id,
			payload: raw.body,
		});
		new DataView(octets.buffer).setUint32(12, raw.len, true);
		client.send(octets);
		const [reply] = client.received();
		if (reply !== undefined) return { reply: received(reply) };
		return client.closed
			? { reply: null, connectionClosed: true }
			: { reply: null, noReply: true };
	}

	private act({ what, domid, conn }: Step["action"] & object): void {
		switch (what) {
			case "domain": {
				const guest = this.bench.domain(domid as number);
				if (conn !== undefined) this.bench.clients.set(conn, guest);
				break;
			}
			case "destroy":
				this.bench.destroy(domid as number);
				break;
			case "shutdown":
				this.bench.store.domainShutdown(domid as number);
				break;
			case "virq":
				this.bench.store.virq();
				break;
			case "close": {
				const client = this.client(conn as string);
				if (!("close" in client)) throw new Error(`${conn} is no socket`);
				(client as { close(): void }).close();
				break;
			}
			case "ring-reconnect":
				this.guestOf(conn).page.set("connection", 1);
				break;
			case "ready":
			case "ring":
				this.guestOf(conn);
				break;
			default:
				throw new Error(`what is ${what}?`);
		}
		this.bench.run();
	}

	private guestOf(conn: string | undefined) {
		const guest = this.client(conn as string);
		if (!("page" in guest)) throw new Error(`${conn} is no guest`);
		return guest as ReturnType<Bench["guest"]>;
	}

	/** The recorder's fence: a request on every connection, so that all events are in. */
	private fence(): Record<string, Received[]> {
		const others: Record<string, Received[]> = {};
		for (const [name, client] of this.bench.clients) {
			if (name === "" || client.closed) continue;
			const domid = /\d+$/.exec(name)?.[0] ?? "0";
			const [octets] = this.encode({
				type: "",
				typeId: XS.GET_DOMAIN_PATH,
				payload: `${domid}\0`,
			});
			client.send(octets);
			this.bench.run();
			const events = client
				.received()
				.filter(({ type }) => type === XS.WATCH_EVENT)
				.map((event) => received(event));
			if (events.length > 0) others[name] = events;
		}
		return others;
	}

	private capture(name: string, reply: Received): Received {
		const end = reply.payload.indexOf("\0");
		const value = reply.payload.slice(0, end);
		const known = this.captured.get(name);
		if (known === undefined) this.captured.set(name, value);
		else if (known !== value)
			throw new Error(`$${name} was ${known} and is ${value}`);
		return { ...reply, payload: `$${name}${reply.payload.slice(end)}` };
	}

	run(): void {
		for (const [index, step] of this.who.steps.entries()) {
			const got = this.play(step);
			expect(
				got,
				`step ${index + 1}: ${JSON.stringify(step.req ?? step.action)}`,
			).toEqual(wanted(expected(step, this.daemon)));
		}
		for (const [how, ...names] of this.who.checks ?? []) {
			const values = names.map((name) => this.captured.get(name));
			if (how === "notEqual") expect(values[0]).not.toBe(values[1]);
			else expect(values).not.toContain(undefined);
		}
	}
}

function received(message: Message, request?: Message): Received {
	const { type, reqId, txId, payload } = message;
	const result: Received = { type: typeName(type), payload };
	const echoed =
		request === undefined
			? type !== XS.WATCH_EVENT || (reqId === 0 && txId === 0)
			: reqId === request.reqId && txId === request.txId;
	if (!echoed) result.hdr = { req_id: reqId, tx_id: txId };
	return result;
}

/** The parts of a recorded result that a client can see. */
function wanted(result: Result): Result {
	const { reply, before, after, others, ring, stream, runs } = result;
	const { connectionClosed, noReply } = result;
	return Object.fromEntries(
		Object.entries({
			reply,
			before,
			after,
			others,
			ring,
			stream,
			runs,
			connectionClosed,
			noReply,
		}).filter(([, value]) => value !== undefined),
	);
}

describe.each(["c423", "c417"] as const)("%s", (daemon) => {
	test.each(CASES.map((who) => [who.id, who] as const))("%s", (id, who) => {
		const reason = DIFFERS[`${daemon} ${id}`];
		const play = () => new Player(who, daemon).run();
		if (reason === undefined) play();
		else expect(play, `listed as different: ${reason}`).toThrow();
	});
});

test("the whole recording is here", () => {
	expect(CASES).toHaveLength(161);
	for (const listed of Object.keys(DIFFERS))
		expect(CASES.map(({ id }) => `c417 ${id} c423 ${id}`).join(" ")).toContain(
			listed,
		);
});

/** Section 11: conventions of xenbus, as far as the store, the toolstack and our own peers show them. */
import { expect } from "vitest";
import { Xenbus as BackendXenbus } from "../../src/peer/backend/xenbus.ts";
import type { Driver } from "../../src/peer/frontend/driver.ts";
import { Xenbus as FrontendXenbus } from "../../src/peer/frontend/xenbus.ts";
import {
	addDevice,
	backendPath,
	type DeviceShape,
	deleteDevice,
	frontendPath,
} from "../../src/peer/toolstack.ts";
import { ask, type Call } from "../../src/xen/call.ts";
import { Stage } from "../peer/frontend-stage.ts";
import {
	BACK,
	type Conversation,
	EACCES,
	EBUSY,
	ENOENT,
	FRONT,
	OTHER,
	TOOLSTACK,
} from "./conversation.ts";
import { facts } from "./fact.ts";

const { fact, complete } = facts("xenbus");

const DEVICE: DeviceShape = {
	fe: FRONT,
	be: BACK,
	dev: 0,
	beAlloc: "1",
	connectors: [{ uniqueId: "c0", width: 640, height: 480 }],
};
const F = frontendPath(FRONT, 0);
const B = backendPath(BACK, FRONT, 0);

const read = (talk: Conversation, who: number, path: string, expected = 0) =>
	talk.row(who, "xs.read", { tx: 0, path }, expected).value;
const write = (
	talk: Conversation,
	who: number,
	path: string,
	value: string,
	status = 0,
) => talk.row(who, "xs.write", { tx: 0, path, value }, status);
const events = (talk: Conversation, who: number, token: string): string[] => {
	const paths: string[] = [];
	for (;;) {
		const event = talk.awaits(who, { token });
		if (event === undefined) return paths;
		paths.push(event.path);
	}
};
const written = (calls: readonly Call[]) =>
	calls.flatMap((c) => (c.op === "xs.write" ? [`${c.path}=${c.value}`] : []));
const frontend = () =>
	new FrontendXenbus(
		{ context: { domid: FRONT }, fresh: () => 1 } as unknown as Driver,
		0,
	);

fact("11.1", "each side its own state, and a watch on the other's", (talk) => {
	talk.run(TOOLSTACK, addDevice(DEVICE));
	for (const [who, mine, theirs, found] of [
		[FRONT, F, B, "1"],
		[BACK, B, F, "2"],
	] as const) {
		const path = `${theirs}/state`;
		expect(read(talk, who, path)).toBe(found);
		talk.row(who, "xs.watch", { path, token: "peer" });
		expect(events(talk, who, "peer")).toEqual([path]);
		write(talk, who, path, "4", EACCES);
		write(talk, who, `${theirs}/new`, "", EACCES);
		talk.row(who, "xs.rm", { tx: 0, path }, EACCES);
		write(talk, who, `${mine}/state`, "2");
	}
	// The backend's write is seen; the frontend's came before there was a watch.
	expect(events(talk, FRONT, "peer")).toEqual([`${B}/state`]);
	expect(events(talk, BACK, "peer")).toEqual([]);
	// A third party sees nothing of it.
	read(talk, OTHER, `${F}/state`, EACCES);
	read(talk, OTHER, `${B}/state`, EACCES);
});

fact("11.2", "a state is written once, and not when it is gone", (talk) => {
	talk.run(TOOLSTACK, addDevice(DEVICE));
	const front = frontend();
	const back = new BackendXenbus();
	const sides = [
		[
			FRONT,
			F,
			function* () {
				yield* front.switchState(3);
			},
		],
		[
			BACK,
			B,
			function* () {
				yield* back.switchState(B, "1", "3");
			},
		],
	] as const;
	for (const [who, dir, change] of sides) {
		// In a transaction that reads first.
		const { calls } = talk.run(who, change());
		expect(calls.map(({ op }) => op)).toEqual([
			"xs.transaction-start",
			"xs.read",
			"xs.write",
			"xs.transaction-end",
		]);
		expect(read(talk, who, `${dir}/state`)).toBe("3");
	}
	// Set already: nothing is written.
	expect(written(talk.run(FRONT, front.switchState(3)).calls)).toEqual([]);
	const same = talk.run(BACK, back.switchState(B, "3", "3"));
	expect(written(same.calls)).toEqual([]);
	// Gone: it does not come back.
	talk.run(TOOLSTACK, deleteDevice(BACK, FRONT, 0));
	for (const [who, dir, change] of sides) {
		const { calls } = talk.run(who, change());
		expect(written(calls)).toEqual([]);
		read(talk, TOOLSTACK, `${dir}/state`, ENOENT);
	}
	// Removed between the look and the end: the transaction fails, and is made again.
	talk.run(TOOLSTACK, addDevice(DEVICE));
	const turns = front.switchState(5);
	let turn = turns.next({ status: 0 });
	const ends: Call[] = [];
	while (turn.done !== true) {
		if (turn.value.op === "xs.transaction-end") {
			if (ends.length === 0) talk.run(TOOLSTACK, deleteDevice(BACK, FRONT, 0));
			ends.push(turn.value);
		}
		turn = turns.next(talk.world.apply(FRONT, 1, turn.value));
	}
	expect(ends).toMatchObject([{ commit: true }, { commit: false }]);
	read(talk, TOOLSTACK, F, ENOENT);
});

fact("11.3", "a fatal error is said before Closing", () => {
	// A device without a connector is nothing to drive.
	const stage = new Stage({ devices: [{ ...DEVICE, connectors: [] }] });
	stage.play(function* (stage) {
		yield* stage.does("bind", { dev: 0 });
		yield* stage.backend(function* () {
			yield* ask("xs.write", { tx: 0, path: `${B}/state`, value: "2" });
		});
		yield* stage.rest();
	});
	const said = [...stage.journal.entries()].flatMap((entry) =>
		entry.kind === "xs.write" && entry.domid === FRONT ? [entry.call] : [],
	);
	const error = `/local/domain/${FRONT}/error/device/vdispl/0/error`;
	const at = said.findIndex(({ path }) => path === error);
	expect(said[at]?.value).toMatch(/^\d+ \w+/);
	const states = said.filter(({ path }) => path === `${F}/state`);
	expect(states[0]?.value).toBe("5");
	expect(said.indexOf(states[0] as (typeof said)[0])).toBeGreaterThan(at);
});

fact("11.4", "a watch fires at once, and for nothing new", (talk) => {
	talk.run(TOOLSTACK, addDevice(DEVICE));
	const path = `${B}/state`;
	talk.row(FRONT, "xs.watch", { path, token: "w" });
	expect(events(talk, FRONT, "w")).toEqual([path]);
	// The same value again, other rights, a node below: all news to the watch.
	write(talk, BACK, path, "1");
	expect(events(talk, FRONT, "w")).toEqual([path]);
	const perms = `n${BACK}\0r${FRONT}\0`;
	talk.row(TOOLSTACK, "xs.set-perms", { tx: 0, path, perms });
	expect(events(talk, FRONT, "w")).toEqual([path]);
	write(talk, BACK, `${path}/below`, "");
	expect(events(talk, FRONT, "w")).toEqual([`${path}/below`]);
	expect(read(talk, FRONT, path)).toBe("1");
	// Also on what is not there.
	const missing = "device/vdispl/7/state";
	talk.row(FRONT, "xs.watch", { path: missing, token: "m" });
	expect(events(talk, FRONT, "m")).toEqual([missing]);
});

fact("11.5", "one event may stand for several changes", (talk) => {
	talk.run(TOOLSTACK, addDevice(DEVICE));
	const path = `${B}/state`;
	talk.row(FRONT, "xs.watch", { path, token: "w" });
	events(talk, FRONT, "w");
	for (const state of ["2", "4", "5"]) write(talk, BACK, path, state);
	expect(events(talk, FRONT, "w")).toEqual([path]);
	expect(read(talk, FRONT, path)).toBe("5");
	// What happens while it is handled is told again.
	write(talk, BACK, path, "6");
	expect(events(talk, FRONT, "w")).toEqual([path]);
});

fact("11.6", "who made a thing releases it, after the peer", (talk) => {
	const ring = talk.lend(FRONT, BACK);
	const { near, far } = talk.link(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ring.ref);
	const { ref, gfn } = ring;
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	// The peer lets go first, of its own ends.
	talk.unmap(BACK, map);
	talk.row(BACK, "evtchn.close", { port: far });
	talk.row(FRONT, "grant.end", { ref });
	talk.row(FRONT, "grant.free", { ref });
	talk.row(FRONT, "page.free", { gfn });
	talk.row(FRONT, "evtchn.close", { port: near });
	// With a peer that never does, page and reference stay out of use.
	const kept = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, kept.ref);
	talk.row(TOOLSTACK, "driver.exit", { domid: FRONT });
	for (let tries = 20; tries > 0; tries--) {
		const next = talk.lend(FRONT, BACK);
		expect(next.ref).not.toBe(kept.ref);
		expect(next.gfn).not.toBe(kept.gfn);
	}
});

fact("11.7", "a home is read by its guest and written by the tools", (talk) => {
	const home = `/local/domain/${FRONT}`;
	const perms = (path: string) =>
		talk.row(TOOLSTACK, "xs.get-perms", { tx: 0, path }).perms;
	expect(perms(home)).toBe(`n0\0r${FRONT}\0`);
	talk.row(FRONT, "xs.directory", { tx: 0, path: home });
	expect(read(talk, FRONT, "domid")).toBe(String(FRONT));
	write(talk, FRONT, home, "x", EACCES);
	write(talk, FRONT, "mine", "x", EACCES);
	write(talk, FRONT, "domid", "9", EACCES);
	talk.row(OTHER, "xs.directory", { tx: 0, path: home }, EACCES);
	for (const own of ["device", "backend", "error", "data"]) {
		expect(perms(`${home}/${own}`)).toBe(`n${FRONT}\0`);
		write(talk, FRONT, `${own}/mine`, "x");
	}
});

complete();

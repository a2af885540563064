/** How the world was left, as one hash: what two orders of turns must agree on when nothing depends on the order. */
import type { Play } from "../run/play.ts";
import type { World } from "../xen/world.ts";

/** Nodes, what every domain has, what the displays show, and how the operations and tasks came out. */
export function endState(play: Play): string {
	const lines = [...worldLines(play.world)];
	for (const entry of play.journal.entries(0, ENDS))
		if (entry.kind === "driver.result")
			lines.push(
				`result ${entry.step} ${entry.domid} ${entry.note.operation} ${entry.note.result}`,
			);
		else if (entry.kind === "task.end")
			lines.push(`task ${entry.domid} ${entry.note.name} ${entry.note.how}`);
	for (const { message } of play.findings) lines.push(`missed ${message}`);
	return hash(lines.sort().join("\n"));
}
const ENDS = new Set(["driver.result", "task.end"] as const);

/** One line for each thing that is there. Numbers that only say in which order things were made are left out. */
export function* worldLines(world: World): Generator<string> {
	for (const { path, value, perms } of world.store.nodes())
		yield `node ${path} ${value} ${perms.join(" ")}`;
	for (const domid of world.domids()) {
		const domain = world.domain(domid);
		if (domain === undefined) continue;
		const { physmap, grants, maptrack } = domain;
		yield `domain ${domid} ${domain.life} ${physmap.inUse} ${physmap.balloonOut} ${grants.open} ${grants.claimed} ${grants.reserved} ${maptrack.count}`;
		const ports = world.evtchn.table(domid);
		for (const port of ports?.numbers() ?? []) {
			const { state, remote, pending, masked } = ports?.get(port) ?? {};
			yield `port ${domid} ${state} ${remote} ${pending} ${masked}`;
		}
		for (const { kind, name } of domain.objects.values())
			yield `object ${domid} ${kind} ${name}`;
		for (const lock of domain.locks.keys()) yield `lock ${domid} ${lock}`;
		for (const [completion, count] of domain.completions)
			if (count > 0) yield `completion ${domid} ${completion} ${count}`;
		if (world.hasConnection(domid))
			yield `watches ${domid} ${world.store.watchCount(world.connection(domid))}`;
	}
	for (const { shape, current, held, presented, manners } of world.displays)
		yield `display ${shape.name} ${current} ${held} ${presented} ${manners.lost}`;
}

/** 64 bits of FNV-1a, in two halves. */
export function hash(text: string): string {
	let low = 0x811c9dc5;
	let high = 0x01000193;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		low = Math.imul(low ^ code, 0x01000193);
		high = Math.imul(high ^ code ^ (low >>> 16), 0x85ebca6b);
	}
	const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
	return `${hex(high)}${hex(low)}`;
}

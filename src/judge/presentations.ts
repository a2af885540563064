/** What backends have put on their displays, and what the displays have told them of it. */
import type { CallEntry } from "../journal/entry.ts";
import type { Connection } from "../journal/exchange.ts";
import type { MemoryView } from "../journal/memory-view.ts";

export interface Show {
	display: number;
	buffer: number;
	/** Of a guest's pages that it shows; none when the backend copies. */
	frames: ReadonlySet<number>;
	tick: number;
	/** When the display called for it to be drawn. */
	framed: number | undefined;
	/** Presented, or never to be. */
	over: boolean;
	/** An event that said so before it was. */
	early: { event: number; cookie: bigint; connection: Connection } | undefined;
}

const key = (...parts: number[]): string => parts.join(" ");

export class Presentations {
	/** By domain, display and buffer: the frames handed over. */
	private readonly buffers = new Map<string, ReadonlySet<number>>();
	/** By domain and display: shown and not yet presented, in order. */
	private readonly queues = new Map<string, Show[]>();
	/** By domain and display: the unique-id by which it was opened. */
	private readonly names = new Map<string, string>();

	opened({ domid, call, reply }: CallEntry<"display.open">): void {
		if (reply.status === 0)
			this.names.set(key(domid, reply.display), call.name);
	}

	/** The unique-id of the connectors that a backend's display stands behind. */
	nameOf(domid: number, display: number): string | undefined {
		return this.names.get(key(domid, display));
	}

	imported(
		{ domid, call, reply }: CallEntry<"display.import">,
		memory: MemoryView,
	): void {
		if (reply.status !== 0) return;
		const frames = new Set<number>();
		for (const gfn of Array.from(call.pages)) {
			const frame =
				memory.mappedAt(domid, gfn)?.frame ?? memory.frameOf(domid, gfn);
			if (frame !== undefined) frames.add(frame);
		}
		this.buffers.set(key(domid, call.display, call.buffer), frames);
	}

	shown({ domid, call, reply, tick }: CallEntry<"display.show">) {
		if (reply.status !== 0) return undefined;
		const { display, buffer } = call;
		const show: Show = {
			display,
			buffer,
			frames: this.buffers.get(key(domid, display, buffer)) ?? new Set(),
			tick,
			framed: undefined,
			over: false,
			early: undefined,
		};
		const queue = this.queues.get(key(domid, display));
		if (queue === undefined) this.queues.set(key(domid, display), [show]);
		else queue.push(show);
		return show;
	}

	/** The display is about to show this buffer. */
	framed(
		domid: number,
		{ display, buffer }: { display: number; buffer: number },
		tick: number,
	): void {
		const show = this.queues
			.get(key(domid, display))
			?.find((one) => one.buffer === buffer && one.framed === undefined);
		if (show !== undefined) show.framed = tick;
	}

	/** On screen is this buffer, and everything shown before it has been. */
	presented(
		domid: number,
		{ display, buffer }: { display: number; buffer: number },
	): Show[] {
		const queue = this.queues.get(key(domid, display)) ?? [];
		const at = queue.findIndex((show) => show.buffer === buffer);
		const past = queue.splice(0, at + 1);
		for (const show of past) show.over = true;
		return past;
	}

	/** Nothing of what waits will be presented. */
	over(domid: number, display: number): void {
		for (const show of this.queues.get(key(domid, display)) ?? [])
			show.over = true;
		this.queues.delete(key(domid, display));
	}
}

/** What the script verbs of the scenario language do: raw calls of a side that the scenario plays itself. */
import { IN_CONS, IN_PROD } from "../../displif/event-page.ts";
import type { Step, StepOf } from "../../scenario/scenario.ts";
import type { IndexName } from "../../scenario/words.ts";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTST_okay,
} from "../../xen/abi/grant-table.ts";
import {
	type AnyReply,
	type Ask,
	ask,
	CALLS,
	type CallName,
	type FieldType,
	type Turns,
} from "../../xen/call.ts";
import { backendOf, frontendOf, sideOf } from "../script/index.ts";
import type { Side } from "../script/side.ts";
import { type Deed, type Stage, StepError } from "../stage.ts";
import type { Deeds, VerbsBy } from "./driver.ts";

export const wireDeeds: Deeds<VerbsBy<"script">> = {
	*"wire.publish"(stage, step) {
		const side = frontendOf(stage, step);
		const { dev, ...how } = step.args;
		yield* side.play(step, () => side.publish(step, dev, how));
		return {};
	},
	*"wire.connect"(stage, step) {
		const side = sideOf(stage, step);
		const { dev, version } = step.args;
		yield* side.play(step, () => side.connect(step, dev, version));
		return {};
	},
	*"wire.state"(stage, step) {
		const side = sideOf(stage, step);
		const { dev, state } = step.args;
		yield* side.play(step, () =>
			side.role === "frontend"
				? side.setState(step, dev, state)
				: side.setStates(step, dev, state),
		);
		return {};
	},

	*"wire.buffer"(stage, step) {
		const side = frontendOf(stage, step);
		yield* side.play(step, () => side.buffer(step));
		return {};
	},
	*"wire.send"(stage, step) {
		const side = frontendOf(stage, step);
		return told(yield* side.play(step, () => side.send(step)));
	},

	*"wire.take"(stage, step) {
		const side = backendOf(stage, step);
		yield* side.play(step, () => side.take(step));
		return {};
	},
	*"wire.reply"(stage, step) {
		const side = backendOf(stage, step);
		yield* side.play(step, () => side.reply(step));
		return {};
	},
	*"wire.serve"(stage, step) {
		const side = backendOf(stage, step);
		yield* side.play(step, () => side.serve(step));
		return {};
	},
	*"wire.event"(stage, step) {
		const side = backendOf(stage, step);
		yield* side.play(step, () => side.event(step));
		return {};
	},

	*"wire.index"(stage, step) {
		const side = sideOf(stage, step);
		yield* side.play(step, () => storeIndex(side, step));
		return {};
	},
	*"wire.notify"(stage, step) {
		const side = sideOf(stage, step);
		const { connector, ring, times } = step.args;
		return told(
			yield* side.play(step, function* () {
				const link = side.link(step, connector);
				const port = ring === "req" ? link.reqPort : link.evtPort;
				let last = 0;
				for (let left = times; left > 0; left--)
					last = (yield* ask("evtchn.notify", { port })).status;
				return last;
			}),
		);
	},
	*"wire.store"(stage, step) {
		const side = sideOf(stage, step);
		const { connector, page, of, word } = step.args;
		const value = side.number(step, step.args.value, "value");
		yield* side.play(step, function* () {
			if (of !== undefined) return yield* side.storeInto(step, of, value);
			const pages = sharedPages(side, step, connector);
			yield* side.store(pages[page === "ring" ? "ring" : "event"], word, value);
		});
		return {};
	},

	*"wire.map"(stage, step) {
		const side = sideOf(stage, step);
		const { from, as, readonly } = step.args;
		const granter = stage.actor(from ?? side.peer).domid;
		const ref = side.number(step, step.args.ref, "ref");
		const { status, handle, gfn } = yield* side.play(step, () =>
			side.map(granter, ref, readonly),
		);
		if (as !== undefined && status === GNTST_okay)
			stage.names.set(as, {
				kind: "mapping",
				owner: side.actor.name,
				handle,
				gfn,
			});
		return { status };
	},
	*"wire.unmap"(stage, step) {
		const side = sideOf(stage, step);
		const { of } = step.args;
		const handle =
			of === undefined
				? side.number(step, step.args.handle, "handle")
				: stage.named(step, of, "mapping").handle;
		return told(yield* side.play(step, () => side.unmap(handle)));
	},
	*"wire.copy"(stage, step) {
		const side = sideOf(stage, step);
		return told(yield* side.play(step, () => copy(stage, side, step)));
	},

	*call(stage, step) {
		const side = sideOf(stage, step);
		const { at, as, answers } = step.args;
		const asked = blankCall(at);
		for (const [name, value] of Object.entries(step.args.with))
			asked[name] = Array.isArray(value)
				? value.map((one) => side.number(step, one, "with", name))
				: typeof value === "string" || typeof value === "boolean"
					? value
					: side.number(step, value, "with", name);
		const reply = (yield* side.play(step, () =>
			ask(at as "grant.query", asked as unknown as Ask<"grant.query">),
		)) as AnyReply;
		const { status } = reply;
		if (answers !== undefined && Math.min(status, 0) !== answers)
			throw new StepError(
				step,
				`${at} was answered with status ${status}, not ${answers}`,
				"args",
				"answers",
			);
		if (as !== undefined && status >= 0)
			stage.names.set(as, { kind: "answer", fields: { ...reply } });
		return told(status);
	},
	*"grant.end"(stage, step) {
		const side = sideOf(stage, step);
		const { of, ref } = step.args;
		return told(
			yield* side.play(step, () =>
				of === undefined
					? side.end(side.number(step, ref, "ref"))
					: side.endBuffer(step, of),
			),
		);
	},
	*"evtchn.close"(stage, step) {
		const side = sideOf(stage, step);
		const { connector, ring } = step.args;
		return told(
			yield* side.play(step, function* () {
				const link = side.link(step, connector);
				const which = ring === "req" ? "reqPort" : "evtPort";
				const { status } = yield* ask("evtchn.close", { port: link[which] });
				// A number that is closed may be handed out again: this link never uses it any more.
				link[which] = 0;
				return status;
			}),
		);
	},
	*"page.free"(stage, step) {
		const side = frontendOf(stage, step);
		return told(
			yield* side.play(step, () => side.freeBuffer(step, step.args.of)),
		);
	},
};

/** A call without anything in its fields. */
function blankCall(at: CallName): Record<string, unknown> {
	const empty = { u32: 0, i32: 0, bool: false, str: "", words: [] };
	return Object.fromEntries(
		Object.entries(CALLS[at].ask as Record<string, FieldType>).map(
			([name, type]) => [name, empty[type]],
		),
	);
}

const told = (status: number | undefined): Deed =>
	status === undefined ? {} : { status };

/** Guest frame numbers of a link's two shared pages. */
function sharedPages(
	side: ReturnType<typeof sideOf>,
	step: Step,
	connector: number,
): { ring: number; event: number } {
	const link = side.link(step, connector);
	return {
		ring: link.ring.gfn,
		event: "eventGfn" in link ? link.eventGfn : link.eventPage.gfn,
	};
}

const INDEX_WORDS: Record<IndexName, { page: "ring" | "event"; word: number }> =
	{
		req_prod: { page: "ring", word: 0 },
		req_event: { page: "ring", word: 1 },
		rsp_prod: { page: "ring", word: 2 },
		rsp_event: { page: "ring", word: 3 },
		in_cons: { page: "event", word: IN_CONS },
		in_prod: { page: "event", word: IN_PROD },
	};

function* storeIndex(
	side: ReturnType<typeof sideOf>,
	step: StepOf<"wire.index">,
): Turns {
	const { connector, which, to, add } = step.args;
	const { page, word } = INDEX_WORDS[which];
	const gfn = sharedPages(side, step, connector)[page];
	const value =
		to !== undefined
			? side.number(step, to, "to")
			: ((yield* side.load(gfn, word)) + side.number(step, add, "add")) >>> 0;
	yield* side.store(gfn, word, value);
	side.follow(step, connector, which, value);
}

/** What lies in an own page when it is copied into the other side's. */
const PATTERN = 0xa5a5a5a5;
const PAGE_WORDS = 1024;

function* copy(
	stage: Stage,
	side: Side,
	step: StepOf<"wire.copy">,
): Turns<number> {
	const { from, way, offset, len } = step.args;
	const ref = side.number(step, step.args.ref, "ref");
	const granter = stage.actor(from ?? side.peer).domid;
	const own = side.actor.domid;
	const gfn = yield* side.page(step);
	const out = way === "out";
	if (!out)
		yield* ask("page.store", {
			gfn,
			word: 0,
			words: new Uint32Array(PAGE_WORDS).fill(PATTERN),
		});
	const { status } = yield* ask("grant.copy", {
		flags: out ? GNTCOPY_source_gref : GNTCOPY_dest_gref,
		source_domid: out ? granter : own,
		source: out ? ref : gfn,
		source_offset: out ? offset : 0,
		dest_domid: out ? own : granter,
		dest: out ? gfn : ref,
		dest_offset: out ? 0 : offset,
		len,
	});
	yield* ask("page.free", { gfn });
	return status;
}

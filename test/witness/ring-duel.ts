/** The same steps on our rings, through the door, and with the macros of ring.h in the program of ring.c. */
import { type ChildProcess, spawn } from "node:child_process";
import { type AnyReply, ask, type Turns } from "../../src/xen/call.ts";
import { PAGE_SIZE, PAGE_WORDS, POISON } from "../../src/xen/frame.ts";
import {
	BackRing,
	distance,
	FrontRing,
	RING_SLOTS,
	SLOT_WORDS,
	sharedRingInit,
} from "../../src/xen/ring.ts";
import type { World } from "../../src/xen/world.ts";
import { BACK, Conversation, FRONT } from "../xen/conversation.ts";
import type { Program } from "./program.ts";
import {
	begin,
	type Indexes,
	OPS,
	OWN_EVENT,
	otherSide,
	PROD,
	randomSteps,
	type Side,
	type Standing,
	type Step,
} from "./ring-steps.ts";

const DOMIDS = { front: FRONT, back: BACK } as const;

/** The rings that are put to the test. */
export interface Kinds {
	Front: new (gfn: number) => FrontRing;
	Back: new (gfn: number) => BackRing;
}
export const OURS: Kinds = { Front: FrontRing, Back: BackRing };

/** What a step came to. */
interface Outcome extends Indexes {
	/** Notify, or entries to take. */
	said: number;
	/** Notify of the push inside a final check. */
	peerSaid: number;
	/** Of the front alone. */
	free: number;
	full: number;
	packet: Uint32Array;
	words: Uint32Array;
}

/** A page of the frontend's domain, granted to the backend's and mapped there, with a ring at each end. */
class SharedPage {
	private readonly world: World;
	private readonly frame: number;
	private readonly gfns: Record<Side, number>;
	private readonly rings: { front: FrontRing; back: BackRing };

	constructor(talk: Conversation, { Front, Back }: Kinds) {
		this.world = talk.world;
		const { gfn, frame, ref } = talk.lend(FRONT, BACK);
		this.frame = frame;
		this.gfns = { front: gfn, back: talk.map(BACK, FRONT, ref).gfn };
		this.rings = {
			front: new Front(gfn),
			back: new Back(this.gfns.back),
		};
		this.store("front", 0, new Uint32Array(PAGE_WORDS).fill(POISON));
	}

	/** A store of the domain that an end is in. */
	store(side: Side, word: number, words: ArrayLike<number>): void {
		this.drive(side, ask("page.store", { gfn: this.gfns[side], word, words }));
	}

	get words(): Uint32Array {
		return this.world.frames.memory.read(this.frame, 0, PAGE_WORDS);
	}

	indexes(side: Side): Indexes {
		return this.rings[side] as unknown as Indexes;
	}

	get standing(): Standing {
		const [front, back] = [this.indexes("front"), this.indexes("back")];
		return { front, back, words: this.words };
	}

	step({ side, op, arg, packet }: Step): Outcome {
		const ring = this.rings[side];
		const peer = this.rings[otherSide(side)];
		let said = 0;
		let peerSaid = 0;
		let taken: Uint32Array = new Uint32Array(SLOT_WORDS);
		switch (op) {
			case "init":
				this.drive(side, sharedRingInit(this.gfns[side]));
				break;
			case "attach":
				if (side === "back") this.drive(side, this.rings.back.attach());
				// FRONT_RING_ATTACH, which no frontend of ours needs.
				else Object.assign(ring, { prod: arg, published: arg, cons: arg });
				break;
			case "poke":
				this.store(side, arg, packet);
				break;
			case "put":
				this.drive(side, ring.put(packet));
				break;
			case "push":
				said = Number(this.drive(side, ring.push()));
				break;
			case "unconsumed":
				said = this.drive(side, ring.unconsumed());
				// A ring found broken stays so, and its threshold is left alone.
				if (said < 0 && this.drive(side, ring.finalCheck()) !== said)
					throw new Error("the final check trusts a broken index");
				break;
			case "take":
				taken = this.drive(side, ring.take());
				break;
			case "final-check":
				said = this.drive(side, ring.finalCheck(), () => {
					if (arg === 1)
						peerSaid = Number(this.drive(otherSide(side), peer.push()));
				});
				break;
			default:
				throw new Error(`no step ${op}`);
		}
		const { prod, cons } = this.indexes(side);
		const free = side === "front" ? this.rings.front.free : 0;
		const full = Number(side === "front" && free === 0);
		const { words } = this;
		return { said, peerSaid, prod, cons, free, full, packet: taken, words };
	}

	/** Run an action of an end, `within` just before its full barrier. */
	private drive<T>(side: Side, turns: Turns<T>, within?: () => void): T {
		let turn = turns.next({ status: 0 });
		while (turn.done !== true) {
			const said = turn.value;
			if (said.op === "memory.mb") within?.();
			const reply: AnyReply = this.world.apply(DOMIDS[side], 1, said);
			if (reply.status !== 0)
				throw new Error(`${said.op} ends in ${reply.status}`);
			turn = turns.next(reply);
		}
		return turn.value;
	}
}

/** Words of struct answer in ring.c before the page. */
const HEAD = 8 + SLOT_WORDS;
const ANSWER_OCTETS = HEAD * 4 + PAGE_SIZE;

/** The outcome that the macros had, with the judgement of RING_*_PROD_OVERFLOW. */
interface Answer extends Outcome {
	overflow: number;
}

function parseAnswer(octets: Uint8Array): Answer {
	const all = new Uint32Array(new Uint8Array(octets).buffer);
	const at = (word: number) => all[word] as number;
	return {
		said: at(0),
		peerSaid: at(1),
		prod: at(2),
		cons: at(3),
		free: at(4),
		full: at(5),
		overflow: at(6),
		packet: all.slice(8, HEAD),
		words: all.slice(HEAD),
	};
}

/** The running program of ring.c. */
export class RingMacros {
	private readonly child: ChildProcess;
	private readonly program: Program;
	private chunks: Buffer[] = [];
	private length = 0;
	private waiting: (() => void) | undefined;
	private over: string | undefined;

	constructor(program: Program) {
		this.program = program;
		this.child = spawn(program.path, { stdio: ["pipe", "pipe", "inherit"] });
		this.child.stdout?.on("data", (chunk: Buffer) => {
			this.chunks.push(chunk);
			this.length += chunk.length;
			this.waiting?.();
		});
		this.child.stdin?.on("error", () => {});
		this.child.on("close", (code) => {
			this.over = `the program of ring.c ended with ${code}`;
			this.waiting?.();
		});
	}

	/** Send commands; they have so many answers. */
	async ask(commands: readonly Uint8Array[], answers: number) {
		this.child.stdin?.write(Buffer.concat(commands));
		while (this.length < answers * ANSWER_OCTETS) {
			if (this.over !== undefined) throw new Error(this.over);
			await new Promise<void>((resolve) => {
				this.waiting = resolve;
			});
		}
		const all = Buffer.concat(this.chunks);
		this.chunks = [];
		this.length = 0;
		return Array.from({ length: answers }, (_, i) =>
			parseAnswer(all.subarray(i * ANSWER_OCTETS, (i + 1) * ANSWER_OCTETS)),
		);
	}

	end(): void {
		this.child.stdin?.end();
		this.program.end();
	}
}

/** Pages of the program: which ends of it the macros hold. */
const BOTH_C = 0;
const C_FRONT = 1;
const C_BACK = 2;

function command(step: Step, page: number): Uint8Array {
	const words = new Uint32Array(4 + SLOT_WORDS);
	words.set([
		OPS.indexOf(step.op),
		page,
		Number(step.side === "back"),
		step.arg,
	]);
	words.set(Array.from(step.packet), 4);
	return new Uint8Array(words.buffer);
}
const plain = (op: Step["op"], page: number, arg = 0) =>
	command({ side: "front", op, arg, packet: [] }, page);
const install = (
	page: number,
	words: Uint32Array,
	forget = false,
): Uint8Array[] => [
	plain("install", page, Number(forget)),
	new Uint8Array(words.buffer),
];

/**
 * What our end must say when the macros said this. An index that RING_*_PROD_OVERFLOW calls impossible is -1 to us, and so are two that it
 * lets pass: responses to requests that were never published, and requests that are taken back after they were taken.
 */
function lawful(
	{ side, op }: Step,
	{ said, overflow, cons, words }: Answer,
	note: (what: string) => void,
): number {
	if (op !== "unconsumed") return said;
	const ahead = distance(words[PROD[otherSide(side)]] as number, cons);
	const most =
		side === "front" ? distance(words[PROD.front] as number, cons) : RING_SLOTS;
	if (overflow === 1) note(`${side}: overflow`);
	else if (ahead > most) note(`${side}: stricter`);
	else return said;
	return -1;
}

const same = (a: Uint32Array, b: Uint32Array): boolean =>
	Buffer.compare(
		new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
		new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
	) === 0;

/** How two outcomes differ. */
function difference(ours: Outcome, theirs: Outcome): string | undefined {
	for (const name of [
		"said",
		"peerSaid",
		"prod",
		"cons",
		"free",
		"full",
	] as const)
		if (ours[name] !== theirs[name])
			return `${name} is ${ours[name]}, the macros have ${theirs[name]}`;
	if (!same(ours.packet, theirs.packet)) return "another packet was taken";
	if (same(ours.words, theirs.words)) return undefined;
	const word = ours.words.findIndex((value, i) => value !== theirs.words[i]);
	return `word ${word} of the page is ${ours.words[word]}, the macros have ${theirs.words[word]}`;
}

export interface DuelOptions {
	seed: number;
	/** Where the indexes begin. */
	start: number;
	steps: number;
	/** Also our front against the macros' back on one page, and the other way round; then no end moves within a final check of the other. */
	crossed: boolean;
	kinds?: Kinds;
}

export interface DuelEnd {
	/** The first step that went differently. */
	difference: string | undefined;
	/** Steps that were compared, each on all pages. */
	compared: number;
	/** How often what happened. */
	seen: Map<string, number>;
}

/** Steps that are sent together when nothing else forces an answer. */
const BATCH = 256;

/** Take the same random steps on all pages and compare after each. */
export async function duel(
	macros: RingMacros,
	{ seed, start, steps, crossed, kinds = OURS }: DuelOptions,
): Promise<DuelEnd> {
	const talk = new Conversation();
	const ours = new SharedPage(talk, kinds);
	/** Pages that we share with the macros, by the end that is ours. */
	const mixed = {
		front: { page: new SharedPage(talk, kinds), number: C_BACK },
		back: { page: new SharedPage(talk, kinds), number: C_FRONT },
	};
	const seen = new Map<string, number>();
	const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
	let compared = 0;
	let commands = [BOTH_C, C_FRONT, C_BACK].flatMap((number) =>
		install(number, ours.words, true),
	);
	let expected: { step: Step; outcome: Outcome; number: number }[] = [];
	let different: string | undefined;
	const differ = (step: Step, where: string, how: string | undefined) => {
		if (how !== undefined)
			different ??= `${where}: ${step.side} ${step.op}: ${how}`;
	};

	async function flush(): Promise<void> {
		commands.push(plain("flush", 0));
		const answers = await macros.ask(commands, expected.length);
		for (const [i, { step, outcome, number }] of expected.entries()) {
			const answer = answers[i] as Answer;
			const counts = number === BOTH_C ? note : () => {};
			const theirs = { ...answer, said: lawful(step, answer, counts) };
			const where = number === BOTH_C ? "macros alone" : "crossed, macros'";
			differ(step, where, difference(outcome, theirs));
			if (number === BOTH_C) {
				compared++;
				observe(step, outcome);
			}
		}
		// What the macros' end did to a page that we share.
		const last = expected.at(-1);
		if (crossed && last !== undefined)
			mixed[otherSide(last.step.side)].page.store(
				last.step.side,
				0,
				(answers.at(-1) as Answer).words,
			);
		commands = [];
		expected = [];
	}

	function observe({ side, op, arg }: Step, outcome: Outcome): void {
		const { said, peerSaid, prod, cons, words } = outcome;
		note(`${side}: ${op}`);
		if (op === "push") note(`${side}: ${said ? "notify" : "no notify"}`);
		if (op === "put" && prod === 0) note(`${side}: wrap`);
		if (op === "final-check") {
			const moved = words[OWN_EVENT[side]] === (cons + 1) >>> 0;
			note(`${side}: ${said ? "more to do" : "nothing to do"}`);
			if (arg === 1 && moved && said) note(`${side}: second look finds`);
			if (peerSaid) note(`${side}: told during the check`);
		}
		if (outcome.full) note("full");
	}

	let turn: Side = "front";
	function* all(): Generator<Step> {
		yield* begin(start);
		yield* randomSteps(seed, steps, () => ours.standing, !crossed);
	}
	for (const step of all()) {
		const { side } = step;
		if (expected.length >= BATCH || (crossed && side !== turn)) await flush();
		if (different !== undefined) break;
		turn = side;
		const outcome = ours.step(step);
		commands.push(command(step, BOTH_C));
		expected.push({ step, outcome, number: BOTH_C });
		if (!crossed) continue;
		const { page, number } = mixed[side];
		differ(step, "crossed, ours", difference(page.step(step), outcome));
		commands.push(...install(number, page.words));
		const theirs = mixed[otherSide(side)].number;
		commands.push(command(step, theirs));
		expected.push({ step, outcome, number: theirs });
	}
	await flush();
	return { difference: different, compared, seen };
}

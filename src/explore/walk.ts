/** One run, call by call, with what both sides hold after each: what `replay --step` walks through. */
import type { Pick as Choice } from "../base/choices.ts";
import { tellWhole } from "../journal/tell.ts";
import type { CaseReport } from "../report/report.ts";
import type { Play } from "../run/play.ts";
import { busState, ledger, sharedIndex } from "../run/see.ts";
import { tellWire } from "../run/story.ts";
import type { Case } from "../scenario/scenario.ts";
import { LEDGER_NAMES, type LedgerName } from "../scenario/views.ts";
import { INDICES, isFrontend } from "../scenario/words.ts";
import { once, type Setup } from "./once.ts";

/** What a side is and holds at a moment. */
export interface SideNow {
	who: string;
	life: string;
	/** XenBus state of each device; of the backend for each guest and device. */
	states: readonly string[];
	ledgers: Readonly<Record<LedgerName, number>>;
	/** Of a frontend: the indexes of each connector's rings that lie in memory, as `connector 0: req_prod=1 …`. */
	rings: readonly string[];
}

/** The world right after a call. */
export interface Moment {
	/** Journal position of the call. */
	entry: number;
	tick: number;
	/** The step of the scenario that was being played, as `gem.create (line 7)`; empty between steps. */
	step: string;
	/** The call and its answer. */
	call: string;
	/** What it meant in the protocol's terms: packets, states. */
	meant: readonly string[];
	sides: readonly SideNow[];
}

export interface Walk {
	title: string;
	moments: readonly Moment[];
	report: CaseReport;
}

export async function walk(
	story: Case,
	setup: Setup,
	picks: readonly Choice[],
	seed = 0,
): Promise<Walk> {
	const seen: Pick<Moment, "entry" | "tick" | "step" | "sides">[] = [];
	let stage: Play | undefined;
	const { report, journal, verdict } = await once(
		story,
		setup,
		{ picks, seed },
		{
			staged(play) {
				stage = play;
				const { runner } = play;
				const before = runner.afterCall;
				runner.afterCall = () => {
					before?.();
					seen.push(now(play));
				};
			},
		},
	);
	const name = (domid: number): string =>
		[...(stage?.actors.values() ?? [])].find((a) => a.domid === domid)?.name ??
		(domid === 0 ? "toolstack" : `domain ${domid}`);
	const meant = new Map<number, string[]>();
	for (const entry of verdict?.wire ?? []) {
		const told = tellWire(entry, name);
		if (told === undefined) continue;
		const list = meant.get(entry.seq) ?? [];
		meant.set(entry.seq, list);
		list.push(`${told.who} ${told.text}`);
	}
	return {
		title: story.id,
		report,
		moments: seen.map((one) => ({
			...one,
			call:
				journal === undefined ? "" : tellWhole(journal.entry(one.entry), name),
			meant: meant.get(one.entry) ?? [],
		})),
	};
}

function now(play: Play): Pick<Moment, "entry" | "tick" | "step" | "sides"> {
	const { world, journal, runner, steps } = play;
	play.hearing.follow();
	const step = runner.step === 0 ? undefined : steps.at(-1);
	return {
		entry: journal.length - 1,
		tick: world.now,
		step: step === undefined ? "" : `${step.verb} (line ${step.place.line})`,
		sides: [...play.actors.values()].map(({ name, domid }) => ({
			who: name,
			life: world.life(domid),
			states: statesOf(play, name),
			ledgers: Object.fromEntries(
				LEDGER_NAMES.map((one) => [one, Number(ledger(play, name, one))]),
			) as Record<LedgerName, number>,
			rings: isFrontend(name) ? ringsOf(play, name) : [],
		})),
	};
}

function statesOf(play: Play, who: keyof Case["cast"]): string[] {
	const { devices } = play.case.world;
	const devs = Array.from({ length: devices }, (_, dev) => dev);
	if (isFrontend(who)) return devs.map((dev) => busState(play, who, dev));
	return [...play.actors.keys()]
		.filter(isFrontend)
		.flatMap((guest) => devs.map((dev) => busState(play, who, dev, guest)));
}

function ringsOf(play: Play, who: keyof Case["cast"]): string[] {
	const { domid } = play.actor(who);
	return play.case.world.connectors.flatMap((_, connector) => {
		const open = play.exchange.connections.some(
			(c) => c.open && c.fe === domid && c.connector === connector,
		);
		const indexes = INDICES.map(
			(which) => `${which}=${sharedIndex(play, who, connector, which)}`,
		);
		return open ? [`connector ${connector}: ${indexes.join(" ")}`] : [];
	});
}

/** The moment with this number, counted from 1, as a page of text. What changed since the one before is marked with how much. */
export function momentText({ title, moments }: Walk, number: number): string {
	const at = Math.min(Math.max(number, 1), moments.length);
	const moment = moments[at - 1];
	if (moment === undefined) return `${title}: no call was made\n`;
	const before = moments[at - 2];
	return `${[
		`${title}  call ${at} of ${moments.length}  #${moment.entry}  ${moment.tick} ms${moment.step === "" ? "" : `  ${moment.step}`}`,
		`  ${moment.call}`,
		...moment.meant.map((text) => `  = ${text}`),
		...moment.sides.flatMap((side, index) =>
			sideLines(side, before?.sides[index]),
		),
	].join("\n")}\n`;
}

function sideLines(side: SideNow, before: SideNow | undefined): string[] {
	const ledgers = LEDGER_NAMES.map((name) => {
		const change =
			side.ledgers[name] - (before?.ledgers[name] ?? side.ledgers[name]);
		const by = change === 0 ? "" : ` (${change > 0 ? "+" : ""}${change})`;
		return `${name} ${side.ledgers[name]}${by}`;
	});
	const changed =
		before !== undefined && before.states.join() !== side.states.join();
	return [
		`  ${side.who.padEnd(4)} ${side.states.join(" ")}${changed ? ` (was ${before.states.join(" ")})` : ""}${side.life === "running" ? "" : `, ${side.life}`}`,
		`       ${ledgers.join(", ")}`,
		...side.rings.map((text) => `       ${text}`),
	];
}

/** What a key does while a run is walked through; undefined when it does nothing. */
export function walkKey(
	key: string,
	at: number,
	typed: string,
): { at: number; typed: string } | "quit" | undefined {
	if (key === "q" || key === "\u0003") return "quit";
	if (typed !== "") {
		if (/^\d$/.test(key)) return { at, typed: typed + key };
		if (key === "\r" || key === "\n")
			return { at: Number(typed.slice(1)) || at, typed: "" };
		return { at, typed: "" };
	}
	if (key === "\r" || key === "\n" || key === " ") return { at: at + 1, typed };
	if (key === "b") return { at: at - 1, typed };
	if (key === "n") return { at, typed: "n" };
	return undefined;
}

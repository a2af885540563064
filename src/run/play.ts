/**
 * One case from its first line to rest: the world is built, the fixture set up, the steps played, and the same epilogue run for every case,
 * also after a failed step.
 */
import type { Choices } from "../base/choices.ts";
import { buildEdid } from "../displif/edid.ts";
import { fourcc } from "../displif/format.ts";
import { decodeRequest } from "../displif/packet.ts";
import type { ExchangeView } from "../journal/exchange.ts";
import { Journal } from "../journal/journal.ts";
import type { Finding } from "../judge/finding.ts";
import { type Case as Frame, Hearing } from "../judge/judge.ts";
import type { Rule } from "../judge/rule.ts";
import { RULES } from "../judge/rules/index.ts";
import {
	BACKEND_LIMITS,
	type Backend,
	type Frontend,
	type Operations,
	type PeerContext,
	type PeerModule,
	starter,
} from "../peer/peer.ts";
import {
	addDevice,
	askRemoval,
	createDomain,
	type DeviceShape,
	deleteDevice,
	ToolstackError,
} from "../peer/toolstack.ts";
import type { Live } from "../scenario/expression.ts";
import { type Case, placeOf, type Step } from "../scenario/scenario.ts";
import { isLate, settle } from "../scenario/template.ts";
import {
	isFrontend,
	PARTICIPANTS,
	type Participant,
} from "../scenario/words.ts";
import { ofDomain } from "../scenario/world-keys.ts";
import { shown } from "../xen/admit.ts";
import { ask, type Turns } from "../xen/call.ts";
import { World, type WorldOptions } from "../xen/world.ts";
import { BadModule, OperationHangs, start } from "./deeds/driver.ts";
import { DEEDS } from "./deeds/index.ts";
import {
	accounts,
	expectationFinding,
	states,
	type Unmet,
	unmet,
} from "./expect.ts";
import { Faults } from "./faults/faults.ts";
import type { FaultKind } from "./faults/kind.ts";
import { RUN_LIMITS, type RunLimits, Runner } from "./runner.ts";
import { PeerSilent } from "./script/side.ts";
import { bufferRefs, busState, displayName, driverRuns } from "./see.ts";
import {
	type Actor,
	type Deed,
	type Named,
	type Stage,
	StepError,
} from "./stage.ts";
import type { Task } from "./task.ts";

/** Who plays the drivers of a case. */
export interface Players {
	frontend: PeerModule;
	backend: PeerModule;
	/** Play every participant that is not a subject. */
	standIn: { frontend: PeerModule; backend: PeerModule };
	/** The world they play on; ours when not said. */
	world?: ((options: Partial<WorldOptions>) => World) | undefined;
	/** How each participant takes part, after `--frontend` and `--backend` were looked at. */
	standing(participant: Participant): Actor["standing"];
}

/** How a case was played: what the judge needs, and what the steps themselves found. */
export interface Played {
	stage: Stage;
	/** Unmet expectations, the first of which stopped the steps. */
	findings: Finding[];
	/** The scenario could not go on as written. */
	scenarioError: StepError | undefined;
	/** Steps by number, for places. */
	steps: readonly Step[];
	announced: { participant: string; id: string }[];
	/** Expectations that were judged. */
	judged: number;
	notes: string[];
}

/** How long a device may take to become Connected, in virtual milliseconds: libxl waits so long. */
const CONNECT_TICKS = 10_000;
/** Milliseconds from the steps to the end of a story that a fault has struck: what is owed in bounded time has been done by then. */
const AFTERMATH_TICKS = 10_000;

/** The steps were stopped by an unmet expectation. */
class Stopped extends Error {}

export class Play implements Stage {
	readonly case: Case;
	readonly world: World;
	readonly runner: Runner;
	readonly journal = new Journal();
	readonly faults = new Faults();
	/** Rules hear the ledger while it is written. */
	readonly hearing: Hearing;
	readonly exchange: ExchangeView;
	readonly actors: Map<Participant, Actor>;
	readonly names = new Map<string, Named>();
	readonly settlers: Stage["settlers"] = new Map();
	readonly findings: Finding[] = [];
	readonly steps: Step[] = [];
	readonly announced: { participant: string; id: string }[] = [];
	readonly notes: string[] = [];
	/** Where the run is: setup, devices, steps, finally, epilogue, removed, end. */
	chapter = "setup";
	scenarioError: StepError | undefined;
	judged = 0;
	private readonly players: Players;

	constructor(
		story: Case,
		players: Players,
		choices: Choices,
		limits: RunLimits = RUN_LIMITS,
		rules: readonly Rule[] = RULES,
	) {
		this.case = story;
		this.players = players;
		this.actors = cast(story, players);
		this.hearing = new Hearing(this.journal, rules, this.frame());
		this.exchange = this.hearing.exchange;
		const options: Partial<WorldOptions> = {
			manners: story.world.manners,
			memory: story.world.memory,
			displays: this.displays(),
			storeNodes: story.world["store.nodes"],
			limits: (domid) => this.limits(domid),
		};
		this.world = players.world?.(options) ?? new World(options);
		this.runner = new Runner(
			this.world,
			this.journal,
			choices,
			this.faults,
			limits,
		);
		if (story.always.length > 0) this.runner.afterCall = () => this.watch();
		this.runner.restart = (domid, fault) => this.restart(domid, fault);
	}

	/** From now on the die is asked wherever a fault of this kind can strike: a driver's calls, and of a scripted side those that can be refused. */
	switchOn(kind: FaultKind, only?: string): void {
		for (const { name, domid, role, standing } of this.actors.values()) {
			if (standing === "scripted" && kind.refuses !== true) continue;
			if (only !== undefined && only !== name) continue;
			if (kind.backendOnly === true && role !== "backend") continue;
			const { lacks = [] } = this.playersOf(standing)[role];
			if (kind.needs !== undefined && lacks.includes(kind.needs)) continue;
			this.faults.ask(kind, domid, name);
		}
	}

	/** The scenario's own task. */
	*direct(): Turns {
		this.phase("setup");
		try {
			yield* this.setUp();
			this.phase("steps");
			yield* this.playAll(this.case.setup);
			yield* this.playSteps();
			yield* this.playAll(this.case.after);
		} catch (error) {
			this.caught(error);
		}
		if (this.faults.blows.length > 0) yield* this.sleep(AFTERMATH_TICKS);
		this.phase("finally");
		try {
			yield* this.playAll(this.case.finally);
		} catch (error) {
			this.caught(error);
		}
		this.phase("epilogue");
		yield* this.epilogue();
		this.phase("end");
	}

	private caught(error: unknown): void {
		if (error instanceof Stopped) return;
		if (
			error instanceof PeerSilent &&
			this.actors.get(error.peer)?.standing === "subject"
		) {
			this.miss({
				who: error.peer,
				level: "must",
				message: error.message,
				expected: "it answers in bounded time",
				got: "nothing",
				place: placeOf(error.step, ...error.path),
			});
			return;
		}
		if (error instanceof StepError) {
			this.scenarioError ??= error;
			return;
		}
		if (error instanceof ToolstackError && this.faults.blows.length > 0) {
			// It cannot make a device for a domain that a fault has ended.
			this.notes.push(
				`the toolstack was refused after a fault: ${error.message}`,
			);
			return;
		}
		if (error instanceof OperationHangs) {
			// Who does not run cannot return.
			if (this.world.life(error.actor.domid) !== "running") return;
			this.miss({
				hangs: true,
				who: error.actor.name,
				level: "must",
				message: error.message,
				expected: "it returns, with an error when the peer stays silent",
				got: "it still waits",
				place: this.steps.at(-1)?.place ?? this.case.place,
			});
			return;
		}
		throw error;
	}

	// ---- Stage

	actor(name: Participant): Actor {
		const actor = this.actors.get(name);
		if (actor === undefined)
			throw new Error(`${name} takes no part in ${this.case.id}`);
		return actor;
	}

	named<K extends Named["kind"]>(
		step: Step,
		name: string,
		kind: K,
	): Extract<Named, { kind: K }> {
		const found = this.names.get(name);
		if (found === undefined)
			throw new StepError(
				step,
				`there is no ${name}: the step that should have made it failed`,
				"args",
				"of",
			);
		if (found.kind !== kind)
			throw new StepError(
				step,
				`${name} is a ${found.kind}, not a ${kind}`,
				"args",
				"of",
			);
		return found as Extract<Named, { kind: K }>;
	}

	number(step: Step, value: unknown, ...path: (string | number)[]): bigint {
		if (typeof value === "number") return BigInt(value);
		if (typeof value !== "bigint" && !isLate(value))
			throw new StepError(step, "a number is needed here", ...path);
		const settled = settle(value, this.live);
		if (typeof settled === "bigint") return settled;
		throw new StepError(step, settled.wrong, ...path);
	}

	readonly live: Live = (name, field, index) => {
		const named = this.names.get(name);
		if (named === undefined) return undefined;
		return fieldOf(this, name, named, field, Number(index ?? 0n));
	};

	*perform<T>(actor: Actor, name: string, body: () => Turns<T>): Turns<T> {
		const task = this.launch(actor, name, body);
		yield* ask("task.join", { task: task.id, timeout: 0 });
		if (task.state === "crashed") {
			// A scripted side's task only throws what its own deed throws.
			const crash = this.runner.crashes.findIndex((c) => c.task === task);
			if (crash >= 0) this.runner.crashes.splice(crash, 1);
			throw task.error;
		}
		return task.result as T;
	}

	launch(actor: Actor, name: string, body: () => Turns<unknown>): Task {
		return this.runner.spawn(actor.domid, name, body);
	}

	device(guest: Participant, dev: number): DeviceShape {
		const { world } = this.case;
		return {
			fe: this.actor(guest).domid,
			be: this.actor("be").domid,
			dev,
			beAlloc: world["be-alloc"] === "absent" ? undefined : world["be-alloc"],
			connectors: world.connectors.map((size, index) => ({
				...size,
				uniqueId: displayName(guest, dev, index),
			})),
		};
	}

	*sleep(ticks: number): Turns {
		const until = this.world.now + ticks;
		while (this.world.now < until)
			yield* this.runner.pause({ until: "next", limit: until });
		yield* this.runner.pause({ until: "idle" });
	}

	/** Let others move, and then time, until something holds or the limit has come. */
	private *until(limit: number, holds: () => boolean): Turns {
		for (;;) {
			yield* this.runner.pause({ until: "idle" });
			if (holds() || this.world.now >= limit) return;
			yield* this.runner.pause({ until: "next", limit });
		}
	}

	*startDriver(actor: Actor): Turns {
		if (this.faults.silentUntil > 0) yield* this.awake();
		// Nobody starts a driver in a domain that has ended or hangs.
		if (this.world.life(actor.domid) !== "running") return;
		this.makeDriver(actor);
		if (actor.role === "backend") yield* this.runner.pause({ until: "idle" });
	}

	/** The process of a driver is killed and, unless it was told to stop, started anew. */
	private restart(domid: number, fault: number): void {
		const actor = [...this.actors.values()].find((a) => a.domid === domid);
		if (actor === undefined) return;
		this.runner.kill(domid);
		this.runner.toolstack({ op: "driver.exit", domid }, fault);
		delete actor.frontend;
		delete actor.backend;
		if (!this.stopping.has(actor)) this.makeDriver(actor);
	}
	private readonly stopping = new Set<Actor>();

	private playersOf(
		standing: Actor["standing"],
	): Pick<Players, "frontend" | "backend"> {
		return standing === "subject" ? this.players : this.players.standIn;
	}

	private makeDriver(actor: Actor): void {
		const { world } = this.case;
		const context: PeerContext = {
			role: actor.role,
			domid: actor.domid,
			...starter((name, body) => this.runner.offer(actor.domid, name, body)),
			limits: {
				buffers: world["limits.buffers"] ?? BACKEND_LIMITS.buffers,
				framebuffers:
					world["limits.framebuffers"] ?? BACKEND_LIMITS.framebuffers,
				bytes: world["limits.bytes"] ?? BACKEND_LIMITS.bytes,
				pages: world["limits.grants"] ?? BACKEND_LIMITS.pages,
			},
			versions: world.versions,
		};
		this.tellLimits(actor, context);
		const { [actor.role]: player } = this.playersOf(actor.standing);
		this.runner.turnOf(actor.domid);
		const made = madeBy(actor, player, context);
		this.runner.turnOf(0);
		if ("operations" in made) actor.frontend = made;
		else {
			actor.backend = made;
			this.runner.spawn(actor.domid, "main", made.main);
		}
	}

	/** Only limits that the scenario sets bind a backend: of its own it may have others. */
	private tellLimits({ role, domid }: Actor, { limits }: PeerContext): void {
		const { world } = this.case;
		if (role !== "backend") return;
		if (!Object.keys(world).some((name) => name.startsWith("limits."))) return;
		// The ledger has 32 bits for a number; more octets than that nobody lends.
		const most = { ...limits, bytes: Math.min(limits.bytes, 0xffff_ffff) };
		this.journal.note("driver.limits", most, domid, 0, 0, this.world.now);
	}

	*stopDriver(actor: Actor): Turns {
		const { backend } = actor;
		if (this.faults.silentUntil > 0) yield* this.awake();
		if (backend === undefined || !driverRuns(this, actor)) return;
		this.stopping.add(actor);
		const task = this.runner.spawn(actor.domid, "stop", backend.stop);
		yield* ask("task.join", { task: task.id, timeout: CONNECT_TICKS });
		this.stopping.delete(actor);
		yield* this.runner.pause({ until: "idle" });
	}

	// ---- The story

	private *setUp(): Turns {
		for (const actor of this.actors.values()) yield* createDomain(actor.domid);
		if (this.case.fixture === "bare") return;
		for (const actor of this.actors.values())
			if (actor.standing !== "scripted") yield* this.startDriver(actor);
		yield* this.runner.pause({ until: "idle" });
		this.phase("devices");
		for (const [guest, dev] of this.devices())
			yield* addDevice(this.device(guest, dev));
		yield* this.runner.pause({ until: "idle" });
		if (this.case.fixture === "created") return;
		for (const [guest, dev] of this.devices()) {
			const actor = this.actor(guest);
			if (actor.frontend === undefined) continue;
			const task = start(this, actor, "bind", { dev });
			yield* ask("task.join", { task: task.id, timeout: CONNECT_TICKS });
		}
		if (this.actor("be").standing === "scripted") {
			yield* this.runner.pause({ until: "idle" });
			return;
		}
		const limit = this.world.now + CONNECT_TICKS;
		for (const [guest, dev] of this.devices()) {
			if (this.actor(guest).standing === "scripted") continue;
			yield* this.until(limit, () => this.connected(guest, dev));
			if (!this.connected(guest, dev)) this.notConnected(guest, dev);
		}
		yield* this.runner.pause({ until: "idle" });
	}

	private connected(guest: Participant, dev: number): boolean {
		return (
			busState(this, guest, dev) === "Connected" &&
			busState(this, "be", dev, guest) === "Connected"
		);
	}

	/** The fixture's own expectation: every device gets Connected. Who is behind in the handshake is to blame. */
	private notConnected(guest: Participant, dev: number): never {
		const fe = busState(this, guest, dev);
		const be = busState(this, "be", dev, guest);
		const waitsForBackend = be !== "InitWait" && be !== "Connected";
		const published = fe === "Initialised" || fe === "Connected";
		const who =
			waitsForBackend || (published && be === "InitWait") ? "be" : guest;
		this.miss({
			who,
			level: "must",
			message: `device ${dev} of ${guest} did not become Connected within ${CONNECT_TICKS} ms`,
			expected: "both sides Connected",
			got: `frontend ${fe}, backend ${be}`,
			place: this.case.place,
		});
		throw new Stopped();
	}

	private *playSteps(): Turns {
		const { interrupt } = this.case;
		for (const step of this.case.steps) {
			yield* this.playStep(step);
			if (interrupt !== undefined && step.mark === interrupt.at) {
				yield* this.playAll(interrupt.with);
				return;
			}
		}
	}

	private *playAll(steps: readonly Step[]): Turns {
		for (const step of steps) yield* this.playStep(step);
	}

	private *playStep(step: Step): Turns {
		if (step.if !== undefined && !this.names.has(step.if)) return;
		for (let left = step.repeat ?? 1; left > 0; left--)
			yield* this.playOnce(step);
	}

	private *playOnce(step: Step): Turns {
		this.steps.push(step);
		this.runner.step = this.steps.length;
		const line = step.place.line;
		this.journal.note(
			"step.begin",
			{ line, text: step.verb },
			0,
			0,
			this.runner.step,
			this.world.now,
		);
		if (step.actor !== undefined)
			for (const id of step.breaks ?? [])
				this.announced.push({ participant: step.actor, id });
		const before = accounts(this, step);
		this.hearing.follow();
		const from = this.hearing.wire.length;
		const deed = yield* this.deed(step);
		if (step.async === undefined) yield* this.runner.pause({ until: "idle" });
		this.hearing.follow();
		const missed = unmet(
			this,
			step,
			deed,
			before,
			this.hearing.wire.slice(from),
		);
		this.judged += countExpectations(step, deed);
		if (step.eventually !== undefined)
			missed.push(...(yield* this.eventually(step)));
		this.journal.note(
			"step.end",
			{ line },
			0,
			0,
			this.runner.step,
			this.world.now,
		);
		this.runner.step = 0;
		for (const miss of missed) this.miss(miss);
		if (missed.some((miss) => miss.level === "must")) throw new Stopped();
		this.always();
	}

	private *deed(step: Step): Turns<Deed> {
		const deed = DEEDS[step.verb] as (
			stage: Stage,
			step: Step,
		) => Turns<Deed> | Deed;
		const done = deed(this, step);
		return "next" in done ? yield* done : done;
	}

	/** Let time pass until the states hold, at most as long as the step says. */
	private *eventually(step: Step): Turns<Unmet[]> {
		const { within, state } = step.eventually as NonNullable<
			Step["eventually"]
		>;
		const limit = this.world.now + within;
		for (;;) {
			yield* this.runner.pause({ until: "idle" });
			this.hearing.follow();
			const missed = states(this, step, state, "eventually", "state");
			if (missed.length === 0 || this.world.now >= limit) return missed;
			yield* this.runner.pause({ until: "next", limit });
		}
	}

	/** `always:` is looked at after every call; the first that does not hold stops the steps. */
	private watch(): void {
		const step = this.steps.at(-1);
		if (step === undefined || this.unsteady !== undefined) return;
		for (const [index, wanted] of this.case.always.entries()) {
			const [miss] = states(this, step, [wanted], "always", index);
			if (miss !== undefined)
				this.unsteady = {
					...miss,
					place: wanted.place,
					message: `${miss.message} during ${step.verb}`,
				};
		}
	}
	private unsteady: Unmet | undefined;

	private always(): void {
		this.judged += this.case.always.length;
		if (this.unsteady === undefined) return;
		this.miss(this.unsteady);
		throw new Stopped();
	}

	private miss(missed: Unmet): void {
		this.findings.push(expectationFinding(this, missed));
	}

	/** What the rules are told beside the ledger. */
	frame(): Frame {
		return {
			participants: [...this.actors.values()].map(
				({ name, role, domid, standing }) => ({ name, role, domid, standing }),
			),
			place: (step) => this.steps[step - 1]?.place ?? this.case.place,
			announced: this.announced,
			allowed: this.case.allow,
		};
	}

	private phase(name: string): void {
		this.chapter = name;
		this.journal.note("phase", { name }, 0, 0, 0, this.world.now);
	}

	/** Clients close what they hold, frontends unbind, the toolstack removes the devices, scripted domains are destroyed, drivers stop; then rest. */
	private *epilogue(): Turns {
		yield* this.awake();
		// A backend that the scenario played serves nobody any more: its clients end as with a backend that died.
		const be = this.actor("be");
		if (be.standing === "scripted" && this.alive(be))
			yield* ask("domain.destroy", { domid: be.domid });
		yield* this.closeClients();
		for (const [guest, dev] of this.devices()) {
			const actor = this.actor(guest);
			yield* this.awake();
			if (!this.drives(actor)) continue;
			const task = start(this, actor, "unbind", { dev });
			const { status } = yield* ask("task.join", {
				task: task.id,
				timeout: 120_000,
			});
			if (status < 0) this.caught(new OperationHangs(actor, task));
		}
		for (const actor of this.actors.values())
			if (actor.standing === "scripted" && this.alive(actor))
				yield* ask("domain.destroy", { domid: actor.domid });
		yield* this.runner.pause({ until: "idle" });
		for (const [guest, dev] of this.devices())
			yield* this.removeDevice(guest, dev);
		yield* this.rest();
		this.phase("removed");
		for (const actor of this.actors.values()) yield* this.stopDriver(actor);
		// What hung or crashed is destroyed last: what the others keep for it must come back then.
		for (const actor of this.actors.values())
			if (this.alive(actor) && this.world.life(actor.domid) !== "running")
				yield* ask("domain.destroy", { domid: actor.domid });
		yield* this.rest();
		this.hearing.follow();
	}

	private *removeDevice(guest: Participant, dev: number): Turns {
		const be = this.actor("be");
		const fe = this.actor(guest).domid;
		yield* this.awake();
		if (this.world.life(be.domid) === "running" && be.standing !== "scripted") {
			yield* askRemoval(be.domid, fe, dev);
			const limit = this.world.now + CONNECT_TICKS;
			yield* this.until(limit, () =>
				["Closed", "Unknown"].includes(busState(this, "be", dev, guest)),
			);
		}
		yield* deleteDevice(be.domid, fe, dev);
	}

	private *closeClients(): Turns {
		const open = [...this.names].reverse();
		const dark = new Set<string>();
		for (const [name, thing] of open) {
			if (thing.kind !== "fb" || !thing.open) continue;
			const actor = this.actor(thing.owner);
			if (!dark.has(`${thing.owner} ${thing.dev}`)) {
				dark.add(`${thing.owner} ${thing.dev}`);
				for (
					let connector = 0;
					connector < this.case.world.connectors.length;
					connector++
				)
					yield* this.quietly(actor, "mode.off", { dev: thing.dev, connector });
			}
			yield* this.quietly(actor, "fb.destroy", {
				dev: thing.dev,
				framebuffer: name,
			});
		}
		for (const [name, thing] of open)
			if (thing.kind === "buffer" && thing.by === "driver" && thing.open)
				yield* this.quietly(this.actor(thing.owner), "gem.close", {
					dev: thing.dev,
					object: name,
				});
	}

	/** An operation whose result nobody looks at. */
	private *quietly<N extends "mode.off" | "fb.destroy" | "gem.close">(
		actor: Actor,
		name: N,
		args: Operations[N],
	): Turns {
		if (!this.drives(actor)) return;
		const task = start(this, actor, name, args);
		const { status } = yield* ask("task.join", {
			task: task.id,
			timeout: 120_000,
		});
		if (status < 0) this.caught(new OperationHangs(actor, task));
	}

	/** Let everybody move, and domains that a fault keeps silent for a while come back. */
	private *awake(): Turns {
		yield* this.runner.pause({ until: "idle" });
		for (;;) {
			const left = this.faults.silentUntil - this.world.now;
			if (left <= 0) return;
			yield* this.sleep(left);
			yield* this.runner.pause({ until: "idle" });
		}
	}

	private *rest(): Turns {
		yield* this.runner.pause({
			until: "rest",
			limit: this.world.now + this.runner.limits.restTicks,
		});
	}

	/** Whether it has a frontend's driver that runs. */
	private drives({ frontend, domid }: Actor): boolean {
		return frontend !== undefined && this.world.life(domid) === "running";
	}

	private alive({ domid }: Actor): boolean {
		const life = this.world.life(domid);
		return life !== "gone" && life !== "zombie";
	}

	/** Every device of every guest. */
	private devices(): [Participant, number][] {
		const guests = [...this.actors.keys()].filter(isFrontend);
		const devs = Array.from(
			{ length: this.case.world.devices },
			(_, dev) => dev,
		);
		return guests.flatMap((guest) =>
			devs.map((dev): [Participant, number] => [guest, dev]),
		);
	}

	private displays() {
		const { world } = this.case;
		return this.devices().flatMap(([guest, dev]) =>
			world.connectors.map((size, index) => ({
				name: displayName(guest, dev, index),
				width: world["display.width"],
				height: world["display.height"],
				formats: world["display.formats"].map(fourcc),
				edid: edidText(size, world.edid),
				frameTicks: world["display.frame-ticks"],
				hold: world["display.hold"],
			})),
		);
	}

	private limits(domid: number) {
		const { world } = this.case;
		const who =
			[...this.actors.values()].find((a) => a.domid === domid)?.name ?? "be";
		return {
			grants: {
				frames: ofDomain(world["grant-frames"], who),
				maptrackFrames: ofDomain(world["maptrack-frames"], who),
			},
			memory: {
				pages: ofDomain(world.pages, who),
				balloon: ofDomain(world["balloon.limit"], who),
				balloonCredit: ofDomain(world["balloon.credit"], who),
			},
			ports: ofDomain(world.ports, who),
		};
	}
}

/** Call a module's factory and look at what it made. Throws BadModule. */
function madeBy(
	actor: Actor,
	module: PeerModule,
	context: PeerContext,
): Frontend | Backend {
	const wrong = (text: string) => new BadModule(actor, "its factory", text);
	let made: unknown;
	try {
		made = module.default(context);
	} catch (error) {
		throw wrong(
			`it threw ${error instanceof Error ? `${error.name}: ${error.message}` : shown(error)}`,
		);
	}
	const { main, stop, operations } = (made ?? {}) as Record<string, unknown>;
	if (actor.role === "frontend") {
		if (typeof operations === "object" && operations !== null)
			return { operations: operations as Frontend["operations"] };
		throw wrong(`it returned ${shown(made)} where { operations } is needed`);
	}
	if (typeof main === "function" && typeof stop === "function")
		return { main: main.bind(made), stop: stop.bind(made) };
	throw wrong(`it returned ${shown(made)} where { main, stop } is needed`);
}

/** Domain 1 is the backend's, domains from 2 on are the guests'. */
export const domidOf = (name: Participant): number =>
	isFrontend(name) ? 2 + PARTICIPANTS.indexOf(name) : 1;

function cast(story: Case, players: Players): Map<Participant, Actor> {
	const actors = new Map<Participant, Actor>();
	for (const name of PARTICIPANTS) {
		if (story.cast[name] === undefined) continue;
		const role = isFrontend(name) ? "frontend" : "backend";
		const standing = players.standing(name);
		actors.set(name, { name, role, domid: domidOf(name), standing });
	}
	return actors;
}

/** The display's own EDID, one character an octet. */
function edidText(
	{ width, height }: { width: number; height: number },
	octets: number,
): string {
	return Array.from(buildEdid(width, height, octets), (octet) =>
		String.fromCharCode(octet),
	).join("");
}

/** What `$name.field` means now. */
function fieldOf(
	stage: Stage,
	name: string,
	named: Named,
	field: string,
	index: number,
): bigint | undefined {
	const number = (value: number | undefined) =>
		value === undefined ? undefined : BigInt(value);
	switch (named.kind) {
		case "buffer":
			if (field === "cookie") return named.cookie;
			if (field === "size") return BigInt(named.size);
			if (field === "directory")
				return number(
					named.by === "script"
						? named.directoryRefs[index]
						: bufferRefs(stage, name).directoryRefs[index],
				);
			if (field === "ref")
				return number(
					named.by === "script"
						? named.refs[index]
						: bufferRefs(stage, name).refs[index],
				);
			return undefined;
		case "fb":
			return field === "cookie" ? named.cookie : undefined;
		case "request": {
			if (field === "id") return BigInt(named.id);
			const packet = decodeRequest(named.words);
			if (packet.operation === undefined) return undefined;
			const value = (packet.body as Record<string, number | bigint>)[field];
			return value === undefined ? undefined : BigInt(value);
		}
		case "mapping":
			return field === "handle" ? BigInt(named.handle) : undefined;
		case "answer": {
			const value = named.fields[field];
			return typeof value === "number" ? BigInt(value) : undefined;
		}
		case "task":
			return undefined;
	}
}

/** How many demands a step made: a case that made none and broke no rule was not judged. */
function countExpectations(step: Step, deed: Deed): number {
	const demands = [
		step.sends,
		step.replies,
		step.fails,
		step.delta,
		step.state,
		step.eventually,
	];
	return (
		demands.filter((d) => d !== undefined).length +
		(deed.status !== undefined && step.fails === undefined ? 1 : 0)
	);
}

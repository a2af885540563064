/**
 * Stories that nobody wrote. A genome chooses a world, who of its parties is played by the story itself, and what everybody does: mostly what is legal,
 * now and then what is not. The text is that of a scenario file, so that what is found can be read, run and shrunk like any other.
 *
 * A driver's operation may succeed or fail (`fails: either`), and a step that needs what an earlier one made is left out when it was not made: nothing is
 * expected but what the rules ask of everybody.
 */

import { ANYTHING } from "../base/party.ts";
import { OPS } from "../displif/ops/index.ts";
import { BODY_FIELDS, type OpName } from "../scenario/words.ts";
import { XENBUS_STATE_NAMES } from "../xen/abi/xenbus.ts";
import { type Genome, GenomeChoices } from "./genome.ts";

/** A story, and what it was made from. */
export interface Generated {
	/** Of a scenario file. */
	text: string;
	id: string;
	/** The whole genome: alone it makes the story again. */
	genome: Genome;
}

export function generate(genome: Genome, seed: number, id: string): Generated {
	const die = new GenomeChoices(genome, seed);
	const kind = die.one("kind", KINDS);
	const writer = new Writer(die, kind);
	return { text: writer.text(id), id, genome: die.genes };
}

/** Who is played by the story. Drivers on both sides are half of all. */
const KINDS = [
	"drivers",
	"drivers",
	"hostile-frontend",
	"hostile-backend",
] as const;
type Kind = (typeof KINDS)[number];

interface Guest {
	name: string;
	/** Hung or dead domains do nothing. */
	runs: boolean;
}
interface Buffer {
	name: string;
	guest: Guest;
	dev: number;
}
interface Framebuffer {
	name: string;
	buffer: Buffer;
}

class Writer {
	private readonly die: GenomeChoices;
	private readonly kind: Kind;
	private readonly lines: string[] = [];
	private readonly guests: Guest[];
	private readonly devices: number;
	private readonly connectors: number;
	private readonly beAlloc: boolean;
	private readonly edid: number;
	private readonly memory: string;
	private readonly frame: number;
	private buffers: Buffer[] = [];
	private framebuffers: Framebuffer[] = [];
	private tasks: string[] = [];
	/** Buffers and cookies of a scripted frontend. */
	private scripted: string[] = [];
	private made = 0;

	constructor(die: GenomeChoices, kind: Kind) {
		this.die = die;
		this.kind = kind;
		this.beAlloc = die.pick("be-alloc", 2) === 1;
		const guests = die.one("guests", [1, 1, 1, 2, 2, 3]);
		this.guests = Array.from({ length: guests }, (_, index) => ({
			name: index === 0 ? "fe" : `fe${index + 1}`,
			runs: true,
		}));
		this.devices = die.one("devices", [1, 1, 1, 2]);
		this.connectors = die.one("connectors", [1, 1, 2, 3]);
		this.edid = die.one("edid", [128, 128, 256, 0]);
		this.memory = die.one("memory", ["sc", "sc", "sc", "tso", "weak"]);
		this.frame = die.one("frame", [16, 16, 16, 1, 1000]);
	}

	text(id: string): string {
		const { die } = this;
		if (this.kind === "hostile-frontend")
			this.line("wire.connect: {}", `breaks: ${ANYTHING}`);
		if (this.kind === "hostile-backend") {
			this.line("wire.connect: {}", `breaks: ${ANYTHING}`);
			this.serve();
		}
		for (let left = 2 + die.pick("steps", 18); left > 0; left--) this.step();
		for (const task of this.tasks) this.join(task);
		return `${[
			`id: ${id}`,
			`title: ${TITLES[this.kind]}`,
			"spec: [pv.survive.crash, pv.survive.hang, pv.leak.grants]",
			`tags: [regression${this.kind === "drivers" ? "" : ", hostile"}]`,
			`requires: [${this.requires().join(", ")}]`,
			...(this.kind === "drivers" ? [] : [`cast: { ${this.cast()} }`]),
			`world: { ${this.world().join(", ")} }`,
			"steps:",
			...this.lines,
		].join("\n")}\n`;
	}

	private cast(): string {
		return this.kind === "hostile-backend" ? "be: scripted" : "fe: scripted";
	}

	private requires(): string[] {
		return [
			"reconnect",
			"edid",
			"prime",
			...(this.beAlloc ? ["be-alloc"] : []),
			...(this.guests.length > 1 ? [`guests>=${this.guests.length}`] : []),
		];
	}

	private world(): string[] {
		return [
			`guests: ${this.guests.length}`,
			`devices: ${this.devices}`,
			`connectors: [${Array.from({ length: this.connectors }, () => "64x64").join(", ")}]`,
			...(this.beAlloc ? ["be-alloc: 1"] : []),
			`edid: ${this.edid}`,
			`memory: ${this.memory}`,
			`display: { frame-ticks: ${this.frame} }`,
		];
	}

	private line(step: string, ...modifiers: string[]): void {
		this.lines.push(
			`  - ${step}`,
			...modifiers.filter((one) => one !== "").map((one) => `    ${one}`),
		);
	}

	private name(of: string): string {
		this.made += 1;
		return `${of}${this.made}`;
	}

	private step(): void {
		const { die } = this;
		const hostile = this.kind !== "drivers";
		if (hostile && die.chance("hostile", 60)) {
			if (this.kind === "hostile-frontend") this.hostileFrontend();
			else this.hostileBackend();
			return;
		}
		const roll = die.pick("what", 20);
		if (roll < 14) this.operation();
		else if (roll < 16) this.worldly();
		else if (roll < 17 && this.tasks.length > 0)
			this.join(this.tasks.pop() as string);
		else if (roll < 18)
			this.line(`wait: { ticks: ${die.one("ticks", TICKS)} }`);
		else this.life();
	}

	private join(task: string): void {
		this.line(`join: { of: ${task} }`, "fails: either", `if: ${task}`);
	}

	// ---- What a driver is asked to do

	/** Guests whose driver the story does not play and whose domain runs. */
	private able(): Guest[] {
		return this.guests.filter(
			({ name, runs }) =>
				runs && !(this.kind === "hostile-frontend" && name === "fe"),
		);
	}

	private operation(): void {
		const { die } = this;
		const able = this.able();
		if (able.length === 0) {
			this.line("settle: {}");
			return;
		}
		const guest = die.one("guest", able);
		const buffers = this.buffers.filter((one) => one.guest === guest);
		const shown = this.framebuffers.filter(
			({ buffer }) => buffer.guest === guest,
		);
		const wanted = die.one("operation", OPERATIONS);
		// What needs something that is not there makes it instead.
		const can =
			NEEDS_FB.has(wanted) && shown.length === 0
				? buffers.length === 0
					? "gem.create"
					: "fb.create"
				: NEEDS_BUFFER.has(wanted) && buffers.length === 0
					? "gem.create"
					: wanted;
		const by = guest.name === "fe" ? "" : `by: ${guest.name}, `;
		const dev = die.pick("dev", this.devices);
		const at = dev === 0 ? "" : `dev: ${dev}, `;
		const connector = `connector: ${die.pick("connector", this.connectors)}`;
		switch (can) {
			case "gem.create": {
				const name = this.name("b");
				this.buffers.push({ name, guest, dev });
				this.operate(`gem.create: { ${by}${at}as: ${name}, ${this.size()} }`);
				return;
			}
			case "prime.import": {
				const name = this.name("b");
				this.buffers.push({ name, guest, dev });
				this.operate(
					`prime.import: { ${by}${at}as: ${name}, pages: ${1 + die.pick("pages", 3)}, offset: ${die.one("offset", [0, 0, 128, 4095])} }`,
				);
				return;
			}
			case "fb.create": {
				const buffer = die.one("buffer", buffers);
				const name = this.name("f");
				this.framebuffers.push({ name, buffer });
				const odd = die.chance("odd", 10)
					? `, ${die.one("oddity", ["width: 65", "height: 4096", "format: RG16", "format: ZZZZ"])}`
					: "";
				this.operate(
					`fb.create: { ${by}of: ${buffer.name}, as: ${name}${odd} }`,
					buffer.name,
				);
				return;
			}
			case "gem.close": {
				const buffer = die.one("buffer", buffers);
				this.operate(`gem.close: { ${by}of: ${buffer.name} }`, buffer.name);
				return;
			}
			case "fb.destroy": {
				const fb = die.one("fb", shown);
				this.operate(`fb.destroy: { ${by}of: ${fb.name} }`, fb.name);
				return;
			}
			case "mode.set": {
				const fb = die.one("fb", shown);
				this.operate(
					`mode.set: { ${by}of: ${fb.name}, ${connector} }`,
					fb.name,
				);
				return;
			}
			case "page.flip": {
				const fb = die.one("fb", shown);
				this.operate(
					`page.flip: { ${by}of: ${fb.name}, ${connector} }`,
					fb.name,
				);
				return;
			}
			case "mode.off":
				this.operate(`mode.off: { ${by}${at}${connector} }`);
				return;
			case "edid.read":
				this.operate(
					`edid.read: { ${by}${at}${connector}${die.chance("size", 30) ? `, size: ${die.one("octets", [0, 127, 128, 4096, 65_536])}` : ""} }`,
				);
		}
	}

	private operate(step: string, needs?: string): void {
		const only = needs === undefined ? "" : `if: ${needs}`;
		if (!this.die.chance("async", 25)) {
			this.line(step, "fails: either", only);
			return;
		}
		const task = this.name("t");
		this.tasks.push(task);
		this.line(step, `async: ${task}`, only);
	}

	private size(): string {
		const { die } = this;
		return die.chance("in pages", 30)
			? `pages: ${die.one("pages", [1, 2, 5, 1024])}`
			: `width: ${die.one("width", [1, 32, 64])}, height: ${die.one("height", [1, 16, 64])}, bpp: ${die.one("bpp", [32, 32, 16])}`;
	}

	// ---- What goes on around them

	private worldly(): void {
		const { die } = this;
		const guest = die.one("guest", this.guests).name;
		const display = `guest: ${guest}, dev: ${die.pick("dev", this.devices)}, connector: ${die.pick("connector", this.connectors)}`;
		const who = die.one("whose", [guest, "be"]);
		switch (die.one("world", WORLDLY)) {
			case "hold":
				this.line(`display.hold: { ${display} }`);
				if (die.chance("briefly", 60)) {
					this.operation();
					this.line(`display.release: { ${display} }`);
				}
				return;
			case "withhold":
				this.line(`display.withhold: { ${display} }`);
				if (die.chance("briefly", 60)) {
					this.operation();
					this.line(`display.resume: { ${display} }`);
				}
				return;
			case "lose":
				this.line(`display.lose: { ${display} }`);
				return;
			case "balloon":
				this.line(
					`balloon.set: { of: ${who}, limit: ${die.pick("limit", 4)} }`,
				);
				return;
			case "memory":
				this.line(
					`memory.limit: { of: ${who}, pages: ${die.one("free", [0, 1, 3, 8])} }`,
				);
				return;
			case "grants":
				this.line(
					`grants.limit: { of: ${who}, free: ${die.one("free", [0, 1, 3, 8])} }`,
				);
		}
	}

	/** Somebody leaves, dies, or comes back. */
	private life(): void {
		const { die } = this;
		const able = this.able();
		const what = die.one("life", LIFE);
		if (what === "backend") {
			if (this.kind === "hostile-backend") {
				this.hostileBackend();
				return;
			}
			this.line("driver.kill: { of: be }");
			if (die.chance("meanwhile", 30)) this.operation();
			this.line("driver.start: { of: be }");
			if (die.chance("wait", 50))
				this.line(`wait: { ticks: ${die.one("ticks", TICKS)} }`);
			return;
		}
		if (able.length === 0) {
			this.line("settle: {}");
			return;
		}
		const guest = die.one("guest", able);
		const { name } = guest;
		const by = name === "fe" ? "" : `by: ${name}, `;
		switch (what) {
			case "reconnect": {
				const dev = die.pick("dev", this.devices);
				this.operate(`unbind: { ${by}dev: ${dev} }`);
				this.operate(`bind: { ${by}dev: ${dev} }`);
				return;
			}
			case "hang":
				this.line(`domain.hang: { of: ${name} }`);
				this.line(`wait: { ticks: ${die.one("ticks", TICKS)} }`);
				this.line(`domain.resume: { of: ${name} }`);
				return;
			case "death":
				guest.runs = false;
				this.line(
					`domain.${die.one("death", ["crash", "destroy"])}: { of: ${name} }`,
				);
		}
	}

	// ---- What a frontend does that keeps to nothing

	private hostileFrontend(): void {
		const { die } = this;
		const connector = `connector: ${die.pick("connector", this.connectors)}`;
		const ring = `ring: ${die.one("ring", ["req", "evt"])}`;
		switch (die.one("trick", FRONT_TRICKS)) {
			case "buffer": {
				const name = this.name("s");
				this.scripted.push(name);
				const odd = die.one("directory", DIRECTORIES);
				this.line(
					`wire.buffer: { as: ${name}, pages: ${die.one("pages", [1, 4, 16])}${odd} }`,
				);
				return;
			}
			case "request":
				this.request(connector);
				return;
			case "raw":
				this.line(
					`wire.send: { op: ${die.one("op", [0, 0x0f, 0x17, 0xff])}, ${connector}, raw: [${Array.from({ length: 16 }, () => die.one("word", WORDS)).join(", ")}], wait: false }`,
				);
				this.line("settle: {}");
				return;
			case "index":
				this.line(
					`wire.index: { ${connector}, which: ${die.one("which", ["req_prod", "rsp_event", "in_cons", "rsp_prod", "in_prod"])}, ${die.one("how", ["to", "add"])}: ${die.one("value", WORDS)} }`,
				);
				this.line(`wire.notify: { ${connector}, ${ring} }`);
				return;
			case "notify":
				this.line(
					`wire.notify: { ${connector}, ${ring}, times: ${die.one("times", [1, 3, 50])} }`,
				);
				return;
			case "store":
				this.line(
					`wire.store: { ${connector}, page: ${die.one("page", ["ring", "event"])}, word: ${die.pick("at", 1024)}, value: ${die.one("value", WORDS)} }`,
				);
				return;
			case "take back": {
				const buffer = this.buffer();
				if (buffer === undefined) this.request(connector);
				else
					this.line(
						`${die.one("how", ["grant.end", "page.free"])}: { of: ${buffer} }`,
					);
				return;
			}
			case "close":
				this.line(`evtchn.close: { ${connector}, ${ring} }`);
				return;
			case "state":
				this.line(
					`wire.state: { state: ${die.one("state", XENBUS_STATE_NAMES)} }`,
				);
				return;
			case "begin anew":
				this.line("wire.state: { state: Closing }");
				this.line("settle: {}");
				this.line("wire.state: { state: Closed }");
				this.line(`wait: { ticks: ${die.one("ticks", TICKS)} }`);
				this.line("wire.state: { state: Initialising }");
				this.line("wire.connect: {}");
		}
	}

	private buffer(): string | undefined {
		return this.scripted.length === 0
			? undefined
			: this.die.one("of", this.scripted);
	}

	/** A request whose fields are right, or one of them is not. */
	private request(connector: string): void {
		const { die } = this;
		const op = die.one("op", Object.keys(OPS) as OpName[]);
		const of = this.buffer();
		const fields: Record<string, string | number | bigint> = {};
		for (const field of BODY_FIELDS[op])
			fields[field] = die.one(field, RIGHT[field] ?? [0]);
		const takes =
			of !== undefined && (op === "DBUF_CREATE" || op === "GET_EDID");
		if (takes) delete fields.gref_directory;
		if (die.chance("malformed", 50)) {
			const field = die.one("field", BODY_FIELDS[op]);
			fields[field] = die.one("wrong", WORDS);
		}
		if (die.chance("reserved", 10)) fields.reserved = 0xff;
		if (die.chance("id", 10)) fields.id = die.one("id", [0, 1, 0xffff]);
		if (die.chance("many", 10)) fields.count = die.one("count", [2, 33, 70]);
		const told = Object.entries(fields).map(
			([key, value]) => `${key}: ${value}`,
		);
		this.line(
			`wire.send: { ${[`op: ${op}`, connector, ...(takes ? [`of: ${of}`] : []), ...told, "wait: false"].join(", ")} }`,
		);
		this.line(
			die.chance("patient", 80)
				? "settle: {}"
				: `wait: { ticks: ${die.one("ticks", TICKS)} }`,
		);
	}

	// ---- What a backend does that keeps to nothing

	private serve(): void {
		const { die } = this;
		const except = (Object.keys(OPS) as OpName[]).filter(() =>
			die.chance("except", 15),
		);
		const how = except.map(
			(op) =>
				`${op}: ${die.chance("silent", 30) ? "{ silent: true }" : `{ status: ${die.one("status", STATUSES)} }`}`,
		);
		this.line(
			how.length === 0
				? "wire.serve: {}"
				: `wire.serve: { except: { ${how.join(", ")} } }`,
		);
	}

	private hostileBackend(): void {
		const { die } = this;
		const connector = `connector: ${die.pick("connector", this.connectors)}`;
		switch (die.one("trick", BACK_TRICKS)) {
			case "serve":
				this.serve();
				return;
			case "event":
				this.line(
					`wire.event: { ${connector}, type: ${die.one("type", [0, 0, 1, 255])}, fb_cookie: ${die.one("cookie", WORDS)}, times: ${die.one("times", [1, 2, 63, 64])} }`,
				);
				return;
			case "index":
				this.line(
					`wire.index: { ${connector}, which: ${die.one("which", ["rsp_prod", "req_event", "in_prod", "req_prod", "in_cons"])}, ${die.one("how", ["to", "add"])}: ${die.one("value", WORDS)} }`,
				);
				this.line(
					`wire.notify: { ${connector}, ring: ${die.one("ring", ["req", "evt"])} }`,
				);
				return;
			case "store":
				this.line(
					`wire.store: { ${connector}, page: ${die.one("page", ["ring", "event"])}, word: ${die.pick("at", 1024)}, value: ${die.one("value", WORDS)} }`,
				);
				return;
			case "notify":
				this.line(
					`wire.notify: { ${connector}, ring: ${die.one("ring", ["req", "evt"])}, times: ${die.one("times", [1, 3, 50])} }`,
				);
				return;
			case "close":
				this.line(
					`evtchn.close: { ${connector}, ring: ${die.one("ring", ["req", "evt"])} }`,
				);
				return;
			case "state":
				this.line(
					`wire.state: { state: ${die.one("state", XENBUS_STATE_NAMES)} }`,
				);
				return;
			case "node":
				this.line(
					`xs.write: { by: be, path: be/${die.one("node", ["state", "versions", "no-such"])}, value: "${die.one("text", ["", "0", "7", "x", "4294967296", "4"])}" }`,
					`breaks: ${ANYTHING}`,
				);
		}
	}
}

const TITLES: Readonly<Record<Kind, string>> = {
	drivers: "What drivers are asked to do in no order that anybody planned",
	"hostile-frontend": "A frontend that keeps to nothing",
	"hostile-backend": "A backend that keeps to nothing",
};

/** Each as often as it stands here. */
const OPERATIONS = [
	"gem.create",
	"gem.create",
	"fb.create",
	"fb.create",
	"mode.set",
	"mode.set",
	"page.flip",
	"page.flip",
	"page.flip",
	"mode.off",
	"fb.destroy",
	"gem.close",
	"prime.import",
	"edid.read",
] as const;
const NEEDS_FB: ReadonlySet<string> = new Set([
	"mode.set",
	"page.flip",
	"fb.destroy",
]);
const NEEDS_BUFFER: ReadonlySet<string> = new Set(["fb.create", "gem.close"]);
const WORLDLY = [
	"hold",
	"withhold",
	"withhold",
	"lose",
	"balloon",
	"memory",
	"grants",
] as const;
const LIFE = ["reconnect", "reconnect", "backend", "hang", "death"] as const;
const FRONT_TRICKS = [
	"buffer",
	"buffer",
	"request",
	"request",
	"request",
	"request",
	"raw",
	"index",
	"notify",
	"store",
	"take back",
	"close",
	"state",
	"begin anew",
] as const;
const BACK_TRICKS = [
	"serve",
	"serve",
	"event",
	"event",
	"index",
	"store",
	"notify",
	"close",
	"state",
	"node",
] as const;
const STATUSES = ["-EINVAL", "-ENOMEM", "-EIO", 1, -4096, 2_147_483_647];
const TICKS = [1, 16, 1000, 3000, 20_000];
/** At the edges of what fields hold. */
const WORDS = [
	0, 1, 2, 7, 32, 33, 63, 64, 127, 4095, 4096, 65_535, 65_536, 0x7fff_ffff,
	0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];
const DIRECTORIES = [
	"",
	"",
	"",
	"",
	", grants: none",
	", readonly: true",
	", directory: { loop: true }",
	", directory: { next: 4294967295 }",
	", directory: { short: 1 }",
	", directory: { entries: [0, 1, 4294967295] }",
];
/** What a field would hold in a request that makes sense. */
const RIGHT: Readonly<Record<string, readonly (string | number)[]>> = {
	dbuf_cookie: [1, 1, 2, 3],
	fb_cookie: [1, 1, 2, 0],
	x: [0],
	y: [0],
	width: [32, 64],
	height: [16, 32],
	bpp: [32],
	buffer_sz: [4096, 8192, 16_384],
	flags: [0, 0, 1],
	gref_directory: [8, 9, 10],
	data_ofs: [0],
	pixel_format: ["XR24", "AR24", "RG16"],
};

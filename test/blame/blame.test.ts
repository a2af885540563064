/**
 * Blame, seen four ways for each of the first rules: a wrong subject fails; the same wrong behaviour of a scripted side is provoked when it was
 * announced and an error at its line when not; the same wrong implementation as a reference that is not under test is our own error.
 */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { Source } from "../../src/base/position.ts";
import backend from "../../src/peer/backend.ts";
import frontend from "../../src/peer/frontend.ts";
import type { PeerModule } from "../../src/peer/peer.ts";
import { type CaseOptions, runCase } from "../../src/run/case.ts";
import { loadText } from "../../src/scenario/load.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";

const REFERENCE = {
	frontend: { default: frontend } as PeerModule,
	backend: { default: backend } as PeerModule,
};
type Role = "frontend" | "backend";

function story(text: string): Case {
	const loaded = loadText(new Source("blame.yaml", text), {
		requirements: new Set(REQUIREMENTS.keys()),
	});
	if (!loaded.ok)
		throw new Error(
			loaded.problems
				.map((p) => `${p.place.line}: ${p.message} ${p.advice ?? ""}`)
				.join("\n"),
		);
	return loaded.scenario.cases[0] as Case;
}

const play = async (one: Case, options: Partial<CaseOptions>) =>
	(
		await runCase(one, {
			reference: REFERENCE,
			under: {},
			names: {},
			without: [],
			seed: 0,
			level: "must",
			...options,
		})
	).report;

const wrong = async (name: string): Promise<PeerModule> =>
	(await import(
		resolve(import.meta.dirname, `../../fixtures/peers/${name}.ts`)
	)) as PeerModule;

const HEAD = "id: blame.case\ntitle: a case about blame\n";
const ONE_BUFFER = `${HEAD}steps:
  - gem.create: { as: buf, pages: 4 }
  - fb.create: { of: buf, as: fb }
  - fb.destroy: { of: fb }
  - gem.close: { of: buf }
`;
const CLOSED_UNDER_FRAMEBUFFER = `${HEAD}steps:
  - gem.create: { as: buf, width: 64, height: 64, bpp: 32 }
  - fb.create: { of: buf, as: fb }
  - gem.close: { of: buf }
    async: close
`;
const NO_BALLOON = `${HEAD}world: { be-alloc: 1, balloon: { limit: 0 } }
steps:
  - gem.create: { as: buf, pages: 4 }
    fails: error
`;
const CLAIM_FAILS = `${HEAD}steps:
  - fault: { at: grant.claim, of: fe, nth: 2, returns: -ENOSPC }
  - gem.create: { as: buf, pages: 4 }
    fails: error
`;
const ONE_FLIP = `${HEAD}steps:
  - gem.create: { as: buf, width: 64, height: 64, bpp: 32 }
  - fb.create: { of: buf, as: fb }
  - mode.set: { of: fb }
  - page.flip: { of: fb }
`;
const MAP_FAILS = `${HEAD}steps:
  - fault: { at: grant.map, of: be, nth: 3, returns: GNTST_general_error }
  - gem.create: { as: buf, pages: 4 }
`;
const BACKEND_HANGS = `${HEAD}steps:
  - gem.create: { as: buf, pages: 4 }
  - domain.hang: { of: be }
  - unbind: {}
`;
/** The wrong backend is asked by a scripted frontend for what it must refuse. */
const UNKNOWN_FRAMEBUFFER = `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.send: { op: FB_DETACH, fb_cookie: 7 }
    breaks: pv.cookie-live
`;
const SHOWN = `${HEAD}steps:
  - gem.create: { as: buf, width: 64, height: 64, bpp: 32 }
  - fb.create: { of: buf, as: fb }
  - mode.set: { of: fb, width: 64, height: 64 }
    fails: either
`;
const REFUSED_ONCE = `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 4 }
  - wire.send: { op: DBUF_CREATE, of: buf, dbuf_cookie: 7, width: 64, height: 65, bpp: 32 }
    breaks: displif.dbuf-create.size
  - wire.send: { op: DBUF_CREATE, of: buf, dbuf_cookie: 7, width: 64, height: 64, bpp: 32 }
`;
const TOO_MANY_LINES = `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 4 }
  - wire.send: { op: DBUF_CREATE, of: buf, dbuf_cookie: 7, width: 64, height: 65, bpp: 32 }
    breaks: displif.dbuf-create.size
`;
const UNKNOWN_BUFFER = `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.send: { op: FB_ATTACH, dbuf_cookie: 7, fb_cookie: 8, width: 64, height: 64, pixel_format: XR24 }
    breaks: displif.fb-attach.dbuf
`;

const TAKEN_OFF = `${HEAD}steps:
  - unbind: {}
    fails: either
  - wait: { ticks: 20000 }
`;

const WATCH_STORM = `${HEAD}steps:
  - xs.write: { path: be/state, value: 4 }
    repeat: 1000
`;

const RING_OVERFLOW = `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.index: { which: req_prod, add: 33 }
    breaks: ring.req-prod-in-bounds
  - wire.notify: {}
`;
const TWO_FLIPS = `${HEAD}steps:
  - gem.create: { as: buf, width: 64, height: 64, bpp: 32 }
  - fb.create: { of: buf, as: fb }
  - mode.set: { of: fb }
  - page.flip: { of: fb }
  - page.flip: { of: fb }
`;
/** A scripted backend; BREAKS stands where the announcement goes. */
const played = (steps: string) => `${HEAD}cast: { be: scripted }
steps:
  - wire.connect: {}
${steps}`;
const playedFrontend = (steps: string) => `${HEAD}cast: { fe: scripted }
steps:
  - wire.connect: {}
${steps}`;
const answered = (reply: string, after = "") =>
	played(`  - gem.create: { as: buf, pages: 4 }
    async: making
  - wire.take: { op: DBUF_CREATE }
  - wire.reply: ${reply}
    BREAKS
${after}`);

interface Row {
	rule: string;
	role: Role;
	peer: string;
	text: string;
	/** The same by a scripted side, and the line of the step that breaks it. */
	script?: { text: string; line: number; breaks: string };
	/** Why no scripted side can show it. */
	unscripted?: string;
}

const ROWS: readonly Row[] = [
	{
		rule: "leak-objects",
		role: "frontend",
		peer: "frontend-loses-object",
		text: NO_BALLOON,
		unscripted: "a scripted side is ended by destroying its domain",
	},
	{
		rule: "leak-mappings",
		role: "backend",
		peer: "backend-keeps-mapping",
		text: ONE_BUFFER,
		unscripted: "a scripted side is ended by destroying its domain",
	},
	{
		rule: "destroy-releases",
		role: "backend",
		peer: "backend-destroys-early",
		text: CLOSED_UNDER_FRAMEBUFFER,
		script: {
			text: played(`  - gem.create: { as: buf, pages: 4 }
    async: making
  - wire.take: { op: DBUF_CREATE }
  - wire.reply: {}
  - join: { of: making }
  - wire.map: { ref: $buf.ref }
  - gem.close: { of: buf }
    async: closing
  - wire.take: { op: DBUF_DESTROY }
  - wire.reply: {}
    BREAKS
`),
			line: 15,
			breaks: "displif.dbuf-destroy.release",
		},
	},
	{
		rule: "cookies",
		role: "backend",
		peer: "backend-forgives-unknown-detach",
		text: UNKNOWN_FRAMEBUFFER,
		script: {
			text: playedFrontend(`  - wire.send: { op: FB_DETACH, fb_cookie: 7 }
    BREAKS
`),
			line: 6,
			breaks: "pv.cookie-live",
		},
	},
	{
		rule: "sizes-agree",
		role: "backend",
		peer: "backend-believes-geometry",
		text: TOO_MANY_LINES,
		script: {
			text: playedFrontend(`  - wire.buffer: { as: buf, pages: 4 }
  - wire.send: { op: DBUF_CREATE, of: buf, dbuf_cookie: 7, width: 64, height: 65, bpp: 32 }
    BREAKS
`),
			line: 7,
			breaks: "displif.dbuf-create.size",
		},
	},
	{
		rule: "foreign-memory",
		role: "backend",
		peer: "backend-rounds-stride",
		text: SHOWN,
		script: {
			text: playedFrontend(`  - wire.map: { ref: 500 }
    BREAKS
`),
			line: 6,
			breaks: "pv.foreign-bounds",
		},
	},
	{
		rule: "refused-undone",
		role: "backend",
		peer: "backend-remembers-refused-cookies",
		text: REFUSED_ONCE,
		script: {
			text: played(`  - gem.create: { as: buf, pages: 4 }
    async: making
  - wire.take: { op: DBUF_CREATE, as: request }
  - wire.map: { ref: $request.gref_directory }
  - wire.reply: { to: request, status: -ENOMEM }
    BREAKS
  - join: { of: making }
    fails: error
  - wait: { ticks: 10 }
`),
			line: 10,
			breaks: "pv.failed-means-nothing",
		},
	},
	{
		rule: "request-form",
		role: "frontend",
		peer: "frontend-sends-draft-codes",
		text: SHOWN,
		script: {
			text: playedFrontend(`  - wire.send: { op: 0x7f }
    BREAKS
`),
			line: 6,
			breaks: "displif.operation.reserved",
		},
	},
	{
		rule: "give-back-once",
		role: "backend",
		peer: "backend-unmaps-twice",
		text: ONE_BUFFER,
		script: {
			text: playedFrontend(`  - wire.buffer: { as: buf, pages: 1, grants: none }
  - page.free: { of: buf }
    breaks: [pv.no-free-while-mapped]
  - page.free: { of: buf }
    BREAKS
`),
			line: 9,
			breaks: "pv.give-back-once",
		},
	},
	{
		rule: "reserved-references",
		role: "frontend",
		peer: "frontend-ends-reference-0",
		text: CLAIM_FAILS,
		script: {
			text: played(`  - wire.map: { ref: 0 }
    BREAKS
`),
			line: 6,
			breaks: "grant.reserved-entries",
		},
	},
	{
		rule: "one-reply",
		role: "backend",
		peer: "backend-swallows-detach",
		text: ONE_BUFFER,
		script: {
			text: answered("{ id: 999 }"),
			line: 9,
			breaks: "displif.response.id-echoed",
		},
	},
	{
		rule: "status-sign",
		role: "backend",
		peer: "backend-positive-status",
		text: UNKNOWN_BUFFER,
		script: {
			text: answered(
				"{ status: 22 }",
				"  - join: { of: making }\n    fails: error\n",
			),
			line: 9,
			breaks: "displif.response.status",
		},
	},
	{
		rule: "reserved-zero",
		role: "backend",
		peer: "backend-dirty-responses",
		text: ONE_BUFFER,
		script: {
			text: answered("{ status: -ENOMEM, reserved: 255 }"),
			line: 9,
			breaks: "displif.reserved-zero",
		},
	},
	{
		rule: "ring-bounds",
		role: "backend",
		peer: "backend-runs-ahead",
		text: ONE_BUFFER,
		script: {
			text: played(`  - wire.index: { which: rsp_prod, add: 5 }
    BREAKS
`),
			line: 6,
			breaks: "ring.rsp-prod-in-bounds",
		},
	},
	{
		rule: "state-order",
		role: "frontend",
		peer: "frontend-skips-closing",
		text: ONE_BUFFER,
		script: {
			text: played(`  - wire.state: { state: Initialised }
    BREAKS
`),
			line: 6,
			breaks: "xenbus.state-order",
		},
	},
	{
		rule: "page-lifetime",
		role: "frontend",
		peer: "frontend-frees-mapped-pages",
		text: BACKEND_HANGS,
		script: {
			text: playedFrontend(`  - wire.buffer: { as: buf, pages: 2 }
  - page.free: { of: buf }
    BREAKS
`),
			line: 7,
			breaks: "pv.no-free-while-mapped",
		},
	},
	{
		rule: "version-chosen",
		role: "backend",
		peer: "backend-lists-no-versions",
		text: ONE_BUFFER,
		script: {
			text: playedFrontend(`  - wire.buffer: { as: buf, pages: 8 }
  - wire.state: { state: Closing }
  - wire.state: { state: Closed }
  - wire.connect: { version: "1" }
  - wire.send: { op: GET_EDID, of: buf }
    BREAKS
`),
			line: 10,
			breaks: "displif.get-edid.version",
		},
	},
	{
		rule: "published-in-order",
		role: "frontend",
		peer: "frontend-publishes-requests-early",
		text: ONE_BUFFER,
		unscripted: "the steps of a scripted side are done one after the other",
	},
	{
		rule: "fetched-once",
		role: "backend",
		peer: "backend-reads-requests-twice",
		text: ONE_BUFFER,
		unscripted: "a step takes a packet off the ring once",
	},
	{
		rule: "shared-clean",
		role: "frontend",
		peer: "frontend-lends-uncleared-pages",
		text: ONE_BUFFER,
		unscripted: "pages of a scripted side are cleared",
	},
	{
		rule: "flips-paired",
		role: "frontend",
		peer: "frontend-does-not-wait-for-flips",
		text: ONE_FLIP,
		unscripted: "a scripted side has no client to tell",
	},
	{
		rule: "map-status",
		role: "backend",
		peer: "backend-maps-with-holes",
		text: MAP_FAILS,
		unscripted: "a map of a scripted side that fails is its step's failure",
	},
	{
		rule: "balloon-books",
		role: "frontend",
		peer: "frontend-marks-pages-before-it-has-them",
		text: NO_BALLOON,
		unscripted:
			"no verb of a scripted side takes frame numbers from the balloon",
	},
	{
		rule: "reconnects",
		role: "backend",
		peer: "backend-joins-under-its-lock",
		text: TAKEN_OFF,
		unscripted: "a scripted side moves when the scenario says so",
	},
	{
		rule: "queues-bounded",
		role: "backend",
		peer: "backend-queues-watch-events",
		text: WATCH_STORM,
		unscripted: "a scripted side has no driver objects",
	},
	{
		rule: "survives",
		role: "backend",
		peer: "backend-crashes",
		text: UNKNOWN_FRAMEBUFFER,
		unscripted: "a deed of a scripted side is no driver that could crash",
	},
	{
		rule: "bounded-wait",
		role: "backend",
		peer: "backend-waits-for-ever",
		text: ONE_BUFFER,
		unscripted: "every wait of a scripted side has a deadline",
	},
	{
		rule: "port-use",
		role: "backend",
		peer: "backend-notifies-closed-ports",
		text: ONE_BUFFER,
		script: {
			text: played(`  - evtchn.close: { ring: evt }
  - wire.notify: { ring: evt }
    BREAKS
`),
			line: 7,
			breaks: "evtchn.closed-silent",
		},
	},
	{
		rule: "bad-index",
		role: "backend",
		peer: "backend-believes-request-index",
		text: RING_OVERFLOW,
		unscripted: "a scripted side looks at a ring when a step says so",
	},
	{
		rule: "event-numbers",
		role: "backend",
		peer: "backend-numbers-twice",
		text: TWO_FLIPS,
		script: {
			text: played(`  - wire.event: { fb_cookie: 9, times: 2, id: 7 }
    BREAKS
`),
			line: 6,
			breaks: "pv.event-gap, displif.pg-flip.event",
		},
	},
	{
		rule: "events-complete-flips",
		role: "frontend",
		peer: "frontend-skips-first-event",
		text: TWO_FLIPS,
		unscripted: "a scripted frontend has no clients whose flips could fail",
	},
	{
		rule: "wake-up",
		role: "backend",
		peer: "backend-arms-without-looking",
		text: ONE_BUFFER,
		script: {
			text: played(`  - wire.event: { fb_cookie: 9, notify: false }
    BREAKS
`),
			line: 6,
			breaks: "ring.notify, displif.pg-flip.event",
		},
	},
	{
		rule: "spurious-events",
		role: "backend",
		peer: "backend-publishes-at-every-event",
		text: ONE_BUFFER,
		unscripted: "a scripted side does what its steps say, whatever wakes it",
	},
];

describe.each(ROWS)("$rule", ({ rule, role, peer, text, script }) => {
	it(`fails ${peer} as the subject`, async () => {
		const report = await play(story(text), {
			under: { [role]: await wrong(peer) },
			names: { [role]: peer },
		});
		expect(report.outcome).toBe("failed");
		const told = report.findings.filter((f) => f.rule === rule);
		expect(told[0]?.standing).toBe("subject");
		expect(told[0]?.owes).toBe(role);
	});

	it("is silent on the reference", async () => {
		const report = await play(story(text), {});
		// A scripted side may have to break the promise itself to ask for it.
		expect(
			report.findings.filter(
				(f) => f.rule === rule && f.standing !== "provoked",
			),
		).toEqual([]);
	});

	it(`is our own error when ${peer} is not under test`, async () => {
		const other: Role = role === "frontend" ? "backend" : "frontend";
		const scripted = text.includes("cast: { fe: scripted }");
		const report = await play(
			story(
				text.replace("{ fe: scripted }", "{ fe: scripted, be: reference }"),
			),
			{
				reference: { ...REFERENCE, [role]: await wrong(peer) },
				...(scripted ? {} : { under: { [other]: REFERENCE[other] } }),
			},
		);
		expect(report.outcome).toBe("error");
		expect(report.error?.class).toBe("internal");
		expect(
			report.findings.some((f) => f.rule === rule && f.standing === "ours"),
		).toBe(true);
	});

	it.skipIf(script === undefined)(
		"is provoked when a scripted side announced it",
		async () => {
			const { text: scripted, breaks } = script as NonNullable<Row["script"]>;
			const report = await play(
				story(scripted.replace("BREAKS", `breaks: [${breaks}]`)),
				{},
			);
			expect(
				report.findings.filter((f) => f.rule === rule).map((f) => f.standing),
			).toContain("provoked");
			expect(report.findings.filter((f) => f.standing !== "provoked")).toEqual(
				[],
			);
			expect(report.outcome).toBe("passed");
		},
	);

	it.skipIf(script === undefined)(
		"is an error at its line when a scripted side did not",
		async () => {
			const { text: scripted, line } = script as NonNullable<Row["script"]>;
			const report = await play(
				story(scripted.replace("    BREAKS\n", "")),
				{},
			);
			expect(report.outcome).toBe("error");
			expect(report.error?.class).toBe("scenario");
			const told = report.findings.find((f) => f.rule === rule);
			expect(told?.standing).toBe("unannounced");
			expect(told?.place).toMatchObject({ file: "blame.yaml", line });
		},
	);
});

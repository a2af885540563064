import { MEMORY_MODES } from "../xen/memory-order.ts";
import { advise } from "./suggest.ts";
import { flag, int, type Leaf, leaf, show, text, word } from "./values.ts";
import { PARTICIPANTS, type Participant } from "./words.ts";

/** One thing about the world that a scenario or `--set world.KEY=VALUE` decides. */
interface WorldKey<T> {
	value: Leaf<T>;
	/** What it is when nobody says; undefined leaves it to the one who owns it. */
	default: T;
	says: string;
}

const key = <T>(value: Leaf<T>, byDefault: T, says: string): WorldKey<T> => ({
	value,
	default: byDefault,
	says,
});

/** A limit of the backend's own making: only a scenario that sets it changes it. */
const UNSET = undefined as unknown as number;

export interface Size {
	width: number;
	height: number;
}

/** `800x600`. Zero is allowed: a toolstack can write it. */
function readSize(value: unknown): Size | undefined {
	const found =
		typeof value === "string" ? /^(\d{1,10})x(\d{1,10})$/.exec(value) : null;
	const [width, height] = [Number(found?.[1]), Number(found?.[2])];
	return found !== null && width <= 0xffff_ffff && height <= 0xffff_ffff
		? { width, height }
		: undefined;
}

const CONNECTORS_MOST = 16;
const PLAIN_SIZE: Size = { width: 800, height: 600 };

const connectors: Leaf<Size[]> = leaf(
	"a count, or a list of sizes such as [800x600, 1024x768]",
	{
		anyOf: [
			{ type: "integer", minimum: 1, maximum: CONNECTORS_MOST },
			{
				type: "array",
				minItems: 1,
				maxItems: CONNECTORS_MOST,
				items: { type: "string", pattern: "^([0-9]+x[0-9]+|\\$.*)$" },
			},
			{ type: "string" },
		],
	},
	(value, refuse) => {
		if (typeof value === "bigint") {
			if (value < 1n || value > BigInt(CONNECTORS_MOST))
				refuse(`${value} is out of range: 1 to ${CONNECTORS_MOST}`);
			return Array.from({ length: Number(value) }, () => ({ ...PLAIN_SIZE }));
		}
		const list = Array.isArray(value) ? value : [value];
		if (list.length < 1 || list.length > CONNECTORS_MOST)
			refuse(`${list.length} connectors: 1 to ${CONNECTORS_MOST} are possible`);
		return list.map(
			(one, index) =>
				readSize(one) ??
				refuse(
					`a size is WIDTHxHEIGHT, e.g. 800x600, not ${show(one)}`,
					undefined,
					Array.isArray(value) ? [index] : [],
				),
		);
	},
);

/** Either the same for all domains, or by participant. */
export type PerDomain = Readonly<Partial<Record<Participant, number>>> & {
	readonly all?: number;
};

function perDomain(min: number, max: number): Leaf<PerDomain> {
	const json = { type: "integer", minimum: min, maximum: max };
	return leaf(
		`a whole number from ${min} to ${max}, or one for each participant`,
		{
			anyOf: [
				json,
				{ type: "string", pattern: "^\\$" },
				{
					type: "object",
					additionalProperties: false,
					properties: Object.fromEntries(
						PARTICIPANTS.map((who) => [who, json]),
					),
				},
			],
		},
		(value, refuse) => {
			const one = (given: unknown, path: readonly PropertyKey[]) => {
				if (typeof given !== "bigint")
					return refuse(
						`needs a whole number from ${min} to ${max}, not ${show(given)}`,
						undefined,
						path,
					);
				if (given < BigInt(min) || given > BigInt(max))
					return refuse(
						`${given} is out of range: ${min} to ${max}`,
						undefined,
						path,
					);
				return Number(given);
			};
			if (typeof value !== "object" || value === null || Array.isArray(value))
				return { all: one(value, []) };
			const found: Partial<Record<Participant, number>> = {};
			for (const [who, given] of Object.entries(value)) {
				const known = PARTICIPANTS.find((participant) => participant === who);
				if (known === undefined)
					return refuse(
						`no participant \`${who}\``,
						advise(who, PARTICIPANTS),
						[who],
						"key",
					);
				found[known] = one(given, [who]);
			}
			return found;
		},
	);
}

const beAlloc: Leaf<string> = leaf(
	"the text of the node, or absent",
	{ type: ["string", "integer", "boolean"] },
	(value, refuse) => {
		if (typeof value === "boolean") return value ? "1" : "0";
		const read = typeof value === "bigint" ? String(value) : value;
		if (typeof read !== "string") return undefined;
		if (read.length > 64) refuse("the text has more than 64 characters");
		return read;
	},
);

const edid: Leaf<number> = leaf(
	"octets of the display's EDID: 0, or a multiple of 128 up to 32768",
	{ type: "integer", minimum: 0, maximum: 32_768, multipleOf: 128 },
	(value, refuse) => {
		if (typeof value !== "bigint") return undefined;
		if (value < 0n || value > 32_768n || value % 128n !== 0n)
			refuse(
				`${value} is no size of an EDID`,
				"0 for none, else a multiple of 128 up to 32768",
			);
		return Number(value);
	},
);

const formats: Leaf<string[]> = leaf(
	"a list of pixel formats such as [XR24, AR24]",
	{
		type: "array",
		maxItems: 32,
		items: { type: "string", minLength: 4, maxLength: 4 },
	},
	(value, refuse) => {
		if (!Array.isArray(value)) return undefined;
		if (value.length > 32) refuse("more than 32 formats");
		return value.map((one, index) => {
			if (typeof one !== "string" || !/^[ -~]{4}$/.test(one))
				return refuse(
					`a pixel format has four characters, e.g. XR24, not ${show(one)}`,
					undefined,
					[index],
				);
			return one;
		});
	},
);

/**
 * The shape of the world before the first step. A dot stands for a level: `display.width` is written `display: { width: 800 }` in a scenario
 * and `--set world.display.width=800` on the command line.
 */
export const WORLD_KEYS = {
	guests: key(int(1, 4), 1, "frontend domains: fe, fe2, fe3, fe4"),
	devices: key(int(1, 16), 1, "display devices of each guest"),
	connectors: key(
		connectors,
		[PLAIN_SIZE],
		"connectors of each device: a count, or their sizes as WIDTHxHEIGHT",
	),
	"be-alloc": key(
		beAlloc,
		"absent",
		"the be-alloc node of each device: its text, or absent",
	),
	versions: key(
		text(64),
		"1,2",
		"protocol versions that the backend offers, as the text of its node",
	),
	edid: key(edid, 128, "octets of the EDID of each display; 0 for none"),
	manners: key(
		word(["c423", "c417"], "XenStore manners"),
		"c423",
		"which XenStore daemon's answers the store gives",
	),
	memory: key(
		word(MEMORY_MODES, "memory mode"),
		"sc",
		"when stores into shared pages are seen: sc at once; tso in order, but late; weak in any order between two barriers, and loads may be old",
	),
	pages: key(
		perDomain(16, 4_194_304),
		{ all: 65_536 },
		"pages of memory of each domain",
	),
	"grant-frames": key(
		perDomain(1, 1024),
		{ all: 64 },
		"pages that each domain's grant table may grow to, 512 references each",
	),
	"maptrack-frames": key(
		perDomain(1, 1024),
		{ all: 1024 },
		"pages of mapping handles of each domain, 256 handles each",
	),
	ports: key(
		perDomain(1, 131_071),
		{ all: 1023 },
		"highest event channel port of each domain",
	),
	"store.nodes": key(
		int(1, 100_000),
		1000,
		"XenStore nodes that one guest may own",
	),
	"balloon.credit": key(
		perDomain(0, 4_194_304),
		{ all: 65_536 },
		"frame numbers without memory that the balloon can hand out at once",
	),
	"balloon.limit": key(
		perDomain(0, 4_194_304),
		{ all: 65_536 },
		"frame numbers the balloon may have handed out in all",
	),
	"display.formats": key(
		formats,
		["XR24", "AR24", "RG16"],
		"pixel formats that the display shows",
	),
	"display.width": key(
		int(1, 65_535),
		3840,
		"widest mode of the display, in pixels",
	),
	"display.height": key(
		int(1, 65_535),
		2160,
		"highest mode of the display, in pixels",
	),
	"display.frame-ticks": key(
		int(1, 60_000),
		16,
		"ticks from one frame of the display to the next",
	),
	"display.hold": key(
		flag(),
		false,
		"the display keeps buffers busy until `display.release`",
	),
	"limits.buffers": key(
		int(0, 1_000_000),
		UNSET,
		"display buffers that the backend lets one guest have",
	),
	"limits.bytes": key(
		int(0, 2 ** 40),
		UNSET,
		"octets of buffers that the backend lets one guest have",
	),
	"limits.grants": key(
		int(0, 10_000_000),
		UNSET,
		"grants that the backend maps or makes for one guest",
	),
	"limits.framebuffers": key(
		int(0, 1_000_000),
		UNSET,
		"framebuffers that the backend lets one guest have",
	),
} as const satisfies Record<string, WorldKey<never> | WorldKey<unknown>>;

export type WorldKeyName = keyof typeof WORLD_KEYS;
export const WORLD_KEY_NAMES = Object.keys(
	WORLD_KEYS,
) as readonly WorldKeyName[];

type Optional = Extract<WorldKeyName, `limits.${string}`>;
type ValueOf<K extends WorldKeyName> =
	(typeof WORLD_KEYS)[K] extends WorldKey<infer T> ? T : never;

/** Every key with its value; a backend's limits only where somebody set them. */
export type World = { [K in Exclude<WorldKeyName, Optional>]: ValueOf<K> } & {
	[K in Optional]?: ValueOf<K>;
};
/** Some keys with their values, as one place sets them. */
export type WorldPart = { [K in WorldKeyName]?: ValueOf<K> };

export function defaultWorld(): World {
	const world: Record<string, unknown> = {};
	for (const name of WORLD_KEY_NAMES)
		if (WORLD_KEYS[name].default !== undefined)
			world[name] = WORLD_KEYS[name].default;
	return world as World;
}

/** Later parts win; what is set by participant is merged by participant. */
export function mergeWorld(base: World, part: WorldPart): World {
	const world: Record<string, unknown> = { ...base };
	for (const [name, value] of Object.entries(part)) {
		const before = world[name];
		const merges =
			typeof value === "object" &&
			!Array.isArray(value) &&
			typeof before === "object" &&
			value !== null &&
			!("all" in value);
		world[name] = merges ? { ...before, ...value } : value;
	}
	return world as World;
}

/** What a per-domain key says of one participant. */
export function ofDomain(value: PerDomain, who: Participant): number {
	const found = value[who] ?? value.all;
	if (found === undefined) throw new Error(`no value for ${who}`);
	return found;
}

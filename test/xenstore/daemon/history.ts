/** Random histories of requests. A deed names what it uses in a way that still means something when earlier deeds are left out. */

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { XS } from "../../../src/xen/xenstore/wire.ts";

export const SOCKETS = 3;
export const DOMAINS = [1, 2, 3] as const;

/** Clients by number: sockets first, then the guests. */
export type Deed =
	| {
			deed: "ask";
			client: number;
			requests: readonly {
				type: number;
				payload: string;
				/** 0: none; -1: a number that is no transaction; else the nth of the client's open ones. */
				tx: number;
			}[];
	  }
	| { deed: "close"; client: number }
	| {
			deed: "create" | "destroy" | "shutdown" | "dying";
			domid: number;
	  };

/** What a toolstack does for a new domain. */
export const home = (client: number, domid: number): Deed => ({
	deed: "ask",
	client,
	requests: [
		{ type: XS.INTRODUCE, payload: `${domid}\x001\x002\0`, tx: 0 },
		{ type: XS.MKDIR, payload: `/local/domain/${domid}\0`, tx: 0 },
		{
			type: XS.SET_PERMS,
			payload: `/local/domain/${domid}\0n${domid}\0`,
			tx: 0,
		},
	],
});

/** What stands in a payload that is put together wrongly. */
const PIECES = [
	...[
		"/",
		"/a",
		"/a/b",
		"//",
		"a",
		"",
		"@x",
		"@releaseDomain",
		"/a ",
		"/local",
	],
	...["1", "2", "07", "+1", " 1", "-1", "1x", "x", "99999"],
	...["n0", "b1", "r", "n0x2", "n 1", "n-1", "w010", "T", "F", "t", "3"],
];

/** Commands that leave the daemon as it is. */
const CONTROLS = [
	...["help\0", "help", "help\0x\0", "check\0", "nosuch\0", "", "\0"],
	...["print\0x\0", "print\0", "quota\0", "quota\0set\0", "quota-soft\0"],
	...["quota\0set\0nodes\x001000\0", "quota\0set\0x\x001\0", "log\0on\0"],
	...["quota\0set\0watches\x000\0", "quota\0set\0nodes\x001000\0x\0"],
];

const PARTS = ["a", "b", "cc", "d-d"];
const TOKENS = ["t", "u", "a longer token"];

/** What a history is mostly about. */
export const THEMES = [
	"all",
	"transactions",
	"watches",
	"lives",
	"limits",
	"malformed",
] as const;
export type Theme = (typeof THEMES)[number];

interface Asked {
	type: number;
	payload: string;
	tx: number;
}

export class Generator {
	private readonly random: RandomGenerator;
	private readonly theme: Theme;
	/** Also ask for what only the newer daemon has. */
	private readonly newer: boolean;

	constructor(seed: number, theme: Theme, newer: boolean) {
		this.random = xoroshiro128plus(seed);
		this.theme = theme;
		this.newer = newer;
	}

	private below(n: number): number {
		return uniformInt(this.random, 0, n - 1);
	}

	private one<T>(list: readonly T[]): T {
		return list[this.below(list.length)] as T;
	}

	/** Picks by weight. */
	private weighed<T>(list: readonly (readonly [number, T])[]): T {
		let at = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
		for (const [weight, what] of list) {
			at -= weight;
			if (at < 0) return what;
		}
		throw new Error("weights do not add up");
	}

	private part(): string {
		return this.theme === "limits" ? `n${this.below(600)}` : this.one(PARTS);
	}

	private tail(max: number): string {
		const parts = Array.from({ length: this.below(max + 1) }, () =>
			this.part(),
		);
		return parts.map((part) => `/${part}`).join("");
	}

	private path(): string {
		return this.weighed<() => string>([
			[10, () => this.tail(3) || "/"],
			[8, () => `/local/domain/${this.one([0, ...DOMAINS])}${this.tail(3)}`],
			[6, () => `${this.part()}${this.tail(2)}`],
			[1, () => this.one(["/", "/local", "/local/domain", "/tool"])],
			[1, () => this.one(["//", "/a/", "", "/a b", "@releaseDomain", "@x"])],
		])();
	}

	private value(): string {
		return this.weighed<() => string>([
			[6, () => String(this.below(4))],
			[2, () => ""],
			[2, () => "v".repeat(this.below(60))],
			[1, () => "w".repeat(1900 + this.below(200))],
			[1, () => "\0\x01\xff\n"],
		])();
	}

	/** A root that is a guest's takes the whole store with it, so that is rare. */
	private perms(path: string): string {
		const letter = () => this.one(["n", "n", "r", "w", "b"]);
		const entry = () => letter() + this.one([0, 0, ...DOMAINS, 9]);
		if (path === "/" && this.below(50) > 0) return `${letter()}0\0${entry()}\0`;
		const count = this.weighed([
			[4, 1],
			[4, 2],
			[2, 3],
			[1, 4],
			[1, 5],
			[1, 6],
		] as const);
		return Array.from({ length: count }, () => `${entry()}\0`).join("");
	}

	private watched(): string {
		return this.weighed<() => string>([
			[8, () => this.path()],
			[1, () => "@releaseDomain"],
			[1, () => "@introduceDomain"],
			[this.newer ? 1 : 0, () => `@releaseDomain/${this.one(DOMAINS)}`],
		])();
	}

	private depth(): string {
		return this.newer && this.below(3) === 0 ? `${this.below(4)}\0` : "";
	}

	private token(): string {
		return this.theme === "limits" ? `t${this.below(300)}` : this.one(TOKENS);
	}

	/** Payloads that mostly miss the form of their request. */
	private malformed(tx: number): Asked {
		const type = this.below(this.below(10) === 0 ? 40 : 23);
		const piece = () => this.one(PIECES) + (this.below(3) > 0 ? "\0" : "");
		const payload =
			type === XS.CONTROL
				? this.one(CONTROLS)
				: Array.from({ length: this.below(4) }, piece).join("");
		return { type, payload, tx };
	}

	/** The nth open transaction, or none. */
	private tx(): number {
		const inside = this.theme === "transactions" ? 300 : 60;
		return this.weighed<number>([
			[100, 0],
			[inside, 1 + this.below(2)],
			[1, -1],
		]);
	}

	private asked(): Asked {
		if (this.theme === "malformed" && this.below(3) > 0)
			return this.malformed(this.tx());
		const domid = () => `${this.one(DOMAINS)}\0`;
		const start = {
			all: 6,
			transactions: 12,
			watches: 2,
			lives: 2,
			limits: 8,
			malformed: 4,
		};
		const end = {
			all: 6,
			transactions: 10,
			watches: 2,
			lives: 2,
			limits: 1,
			malformed: 2,
		};
		const watch = {
			all: 8,
			transactions: 3,
			watches: 30,
			lives: 10,
			limits: 20,
			malformed: 4,
		};
		const tx = this.tx();
		const ask =
			(type: number, payload: () => string, inside = tx) =>
			() => ({ type, payload: payload(), tx: inside });
		const path = () => `${this.path()}\0`;
		return this.weighed<() => Asked>([
			[12, ask(XS.READ, path)],
			[24, ask(XS.WRITE, () => path() + this.value())],
			[8, ask(XS.MKDIR, path)],
			[this.theme === "limits" ? 1 : 8, ask(XS.RM, path)],
			[6, ask(XS.DIRECTORY, path)],
			[6, ask(XS.DIRECTORY_PART, () => `${path()}${this.below(5)}\0`)],
			[6, ask(XS.GET_PERMS, path)],
			[
				8,
				ask(XS.SET_PERMS, () => {
					const about = this.path();
					return `${about}\0${this.perms(about)}`;
				}),
			],
			[
				watch[this.theme],
				ask(
					XS.WATCH,
					() => `${this.watched()}\0${this.token()}\0${this.depth()}`,
				),
			],
			[this.newer ? 1 : 0, ask(XS.GET_FEATURE, () => this.one(["", domid()]))],
			[
				this.newer ? 1 : 0,
				ask(XS.GET_QUOTA, () =>
					this.one(["", "nodes\0", `${domid()}watches\0`, "x\0"]),
				),
			],
			[
				this.newer ? 1 : 0,
				ask(XS.SET_QUOTA, () => `${domid()}watches\0${this.below(200)}\0`),
			],
			[3, ask(XS.UNWATCH, () => `${this.watched()}\0${this.token()}\0`)],
			[
				start[this.theme],
				ask(XS.TRANSACTION_START, () => "\0", this.below(20) > 0 ? 0 : tx),
			],
			[
				end[this.theme],
				ask(
					XS.TRANSACTION_END,
					() => this.one(["T\0", "T\0", "T\0", "F\0"]),
					1 + this.below(2),
				),
			],
			[1, ask(XS.GET_DOMAIN_PATH, domid)],
			[1, ask(XS.IS_DOMAIN_INTRODUCED, domid)],
			[
				this.theme === "lives" ? 8 : 1,
				ask(XS.INTRODUCE, () => `${domid()}1\x002\0`),
			],
			[this.theme === "lives" ? 4 : 1, ask(XS.RELEASE, domid)],
			[1, ask(XS.RESUME, domid)],
			[1, ask(XS.SET_TARGET, () => domid() + domid())],
			[this.theme === "limits" ? 0 : 1, ask(XS.RESET_WATCHES, () => "\0")],
			// Without the NUL at the end.
			[
				1,
				ask(
					this.one([XS.READ, XS.DIRECTORY, XS.GET_PERMS, XS.MKDIR, XS.RM]),
					() => this.path(),
				),
			],
		])();
	}

	deed(): Deed {
		const guests = SOCKETS + DOMAINS.length;
		const client =
			this.theme === "limits" && this.below(3) > 0
				? SOCKETS
				: this.below(guests);
		const domid = this.one(DOMAINS);
		const life = {
			all: 1,
			transactions: 0,
			watches: 1,
			lives: 6,
			limits: 0,
			malformed: 1,
		};
		const times = life[this.theme];
		return this.weighed<() => Deed>([
			[300, () => ({ deed: "ask", client, requests: [this.asked()] })],
			[
				8,
				() => ({
					deed: "ask",
					client,
					requests: Array.from({ length: 2 + this.below(4) }, () =>
						this.asked(),
					),
				}),
			],
			[4 + 6 * times, () => home(this.below(SOCKETS), domid)],
			[times, () => ({ deed: "close", client: this.below(SOCKETS) })],
			[times, () => ({ deed: "shutdown", domid })],
			[times, () => ({ deed: "dying", domid })],
			[2 * times, () => ({ deed: "destroy", domid })],
			[4 * times, () => ({ deed: "create", domid })],
		])();
	}

	history(length: number): Deed[] {
		return Array.from({ length }, () => this.deed());
	}
}
